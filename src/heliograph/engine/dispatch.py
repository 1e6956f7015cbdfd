"""The dispatcher: claim due messages under a lease, send them, record what came of it.

Several chunks are on their way at any moment, each its own task, never more than `window`. The store holds the
truth throughout: when this process dies, what it held is let go of when the lease ends, and the provider's policy
says whether such a message is sent again.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence

import msgspec
import structlog

from heliograph.domain.batches import Parameters
from heliograph.domain.errors import NotNow
from heliograph.domain.instants import now_ms
from heliograph.domain.life import Change
from heliograph.domain.messages import Waiting
from heliograph.domain.routes import Subject
from heliograph.domain.statuses import SETTLED, Reason, Status
from heliograph.engine.contract import Accepted, Fault, Outcome, Outgoing, TryAgain, Uncertain
from heliograph.engine.handing import became_of
from heliograph.engine.judging import Judge, is_failure, not_taken, subject_of
from heliograph.engine.metrics import Metrics
from heliograph.engine.notifier import Notifier
from heliograph.engine.polling import first_poll
from heliograph.engine.preparing import Preparation, put_back
from heliograph.engine.routes import Route
from heliograph.engine.routing import Router
from heliograph.store import Store
from heliograph.store.base import Lane
from heliograph.store.batches import SendingFacts, fields_of, parameters_of
from heliograph.store.pacing import Pace, leave_lines, next_place_ms
from heliograph.store.polls import Poll
from heliograph.store.queue import (
    Claim,
    Lapsed,
    Leased,
    Work,
    claim_due,
    end_leases,
    extend_leases,
    next_due_at,
    take_back_lapsed,
)
from heliograph.store.receipts import Outcomes, record_outcomes
from heliograph.store.tx import Tx

log = structlog.get_logger(__name__)

CHUNK = 500
LONGEST_PAUSE_S = 0.5
"""How long the queue is left unread when nothing wakes the dispatcher: messages accepted by other processes wait this
long at most."""
GATHER_S = 0.02
"""The shortest time between two claims that do not fill a chunk: under a stream of single messages each claim then
takes a handful, instead of each message costing a transaction. The first one after a quiet time never waits."""
AFTER_FAILURE_S = 1.0
LAPSED_CHUNK = 1_000
PATIENCE_S = 1.0
"""What a provider has not answered after this time holds up no other provider."""
PLACES_S = 0.05
"""How often places in routes are given away at most: those of that time together."""
MOST_IN_FLIGHT = 16
"""Windows full of messages that may be in flight at all, when providers don't answer."""
RELEASED_CHUNK = 5_000
PREPARATIONS_KEPT = 16
"""Batches whose parameters are kept read: a large one's take tens of megabytes."""


class Dispatcher:
    def __init__(
        self,
        store: Store,
        router: Router,
        notifier: Notifier,
        metrics: Metrics,
        *,
        worker: str,
        lease_s: float,
        window: int,
        on_events: asyncio.Event,
    ) -> None:
        """`on_events` is set when messages have ended here, of which customers may be told."""
        self._store = store
        self._router = router
        self._judge = Judge(router)
        self._notifier = notifier
        self._metrics = metrics
        self._worker = worker
        self._lease_ms = int(lease_s * 1_000)
        self._window = window
        self._on_events = on_events
        self._wake = asyncio.Event()
        self._stopping = False
        self._in_flight: dict[asyncio.Task[None], tuple[Sequence[Leased], float]] = {}
        """What is being sent, and since when."""
        self._releases: set[asyncio.Task[None]] = set()
        self._preparations: OrderedDict[tuple[str, int, bool], Preparation] = OrderedDict()

    def wake(self) -> None:
        """Something is due, or may be."""
        self._wake.set()

    def stop(self) -> None:
        """Claims nothing more; `run` returns when what is in flight has been recorded."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        keeper = asyncio.create_task(self._keep_leases(), name="leases")
        try:
            while not self._stopping:
                await self._work_once()
            if self._in_flight:
                await asyncio.wait(self._in_flight)
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, *self._releases, return_exceptions=True)
            await self._let_go()

    async def _work_once(self) -> None:
        self._wake.clear()
        try:
            work = await self._claim()
            if work.messages:
                await self._send_off(work)
            if work.more:
                return
            if work.messages:
                await asyncio.sleep(GATHER_S)
            else:
                await self._pause(await self._until_next_due())
        except NotNow as error:
            log.warning("queue unreadable", error=str(error))
            await self._pause(AFTER_FAILURE_S)
        except Exception:  # one failure must not end all sending
            log.exception("dispatching failed")
            await self._pause(AFTER_FAILURE_S)

    async def _claim(self) -> Work:
        now = now_ms()
        claim = Claim(self._worker, CHUNK, now, now + self._lease_ms, self._open_paces(now))
        return await self._store.write_item(claim_due, claim, Lane.ENGINE)

    def _open_paces(self, now: int) -> list[Pace]:
        """Of the routes by which messages that wait for them may be sent."""
        return [
            route.pace for route in self._router.routes.values() if route.in_service(now) and not self._is_full(route)
        ]

    def _is_full(self, route: Route) -> bool:
        return route.in_flight >= self._window * CHUNK

    async def _until_next_due(self) -> float:
        if self._wake.is_set():
            return 0
        open_lines = [pace.provider for pace in self._open_paces(now_ms())]
        due_at, place_at = await self._store.read(_next_times, open_lines)
        if place_at is not None:
            place_at = max(place_at, now_ms()) + int(PLACES_S * 1_000)
            due_at = place_at if due_at is None else min(due_at, place_at)
        return LONGEST_PAUSE_S if due_at is None else min(max(due_at - now_ms(), 1) / 1_000, LONGEST_PAUSE_S)

    async def _pause(self, seconds: float) -> None:
        if seconds > 0 and not self._stopping:
            await asyncio.wait({wait := asyncio.ensure_future(self._wake.wait())}, timeout=seconds)
            wait.cancel()

    async def _send_off(self, work: Work) -> None:
        """Starts sending a chunk; waits while the window is full."""
        task = asyncio.create_task(self._send(work), name="send")
        self._in_flight[task] = work.messages, time.monotonic()
        task.add_done_callback(self._landed)
        while (patience_s := self._patience_s()) > 0:
            await asyncio.wait(self._in_flight, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)

    def _patience_s(self) -> float:
        """How long to wait for what is in flight before more is claimed, in seconds.

        The window is for providers that answer. What one that does not answer has in flight is not waited for: what
        comes for that provider later waits at its route.
        """
        late = time.monotonic() - PATIENCE_S
        fresh = [(len(messages), since) for messages, since in self._in_flight.values() if since > late]
        if sum(count for count, _ in fresh) >= self._window * CHUNK:
            return min(since for _, since in fresh) - late
        everything = sum(len(messages) for messages, _ in self._in_flight.values())
        return PATIENCE_S if everything >= MOST_IN_FLIGHT * self._window * CHUNK else 0.0

    def _landed(self, task: asyncio.Task[None]) -> None:
        del self._in_flight[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            # The lease brings the chunk back; until then it is in the log.
            log.error("chunk not recorded", exc_info=error)

    async def _send(self, work: Work) -> None:
        now = now_ms()
        changes: list[Change] = []
        by_route: dict[str, list[tuple[Leased, Outgoing]]] = {}
        preparations = await self._prepared_batches(work)
        for message in work.messages:
            try:
                found = self._prepared(message, preparations[message.batch_id], work.batches[message.batch_id], now)
            except Exception as error:  # the others of the chunk go out
                log.exception("message not sent: Heliograph failed", message_id=message.id)
                found = self._judge.fault(message, error, now)
            if isinstance(found, Change):
                changes.append(found)
            else:
                route, prepared = found
                by_route.setdefault(route.name, []).append((message, prepared))
        sends = [
            self._send_by(route, chunk[start : start + route.provider.chunk_size], work.batches)
            for name, chunk in by_route.items()
            if (route := self._router.routes[name])
            for start in range(0, len(chunk), route.provider.chunk_size)
        ]
        await asyncio.gather(self._record(changes), *sends)

    async def _prepared_batches(self, work: Work) -> dict[str, Preparation | Exception]:
        """Of each batch; where it can't be had, why."""
        found: dict[str, Preparation | Exception] = {}
        for batch_id, facts in work.batches.items():
            try:
                found[batch_id] = await self._preparation(facts)
            except Exception as error:
                found[batch_id] = error
        return found

    def _prepared(
        self, message: Leased, preparation: Preparation | Exception, batch: SendingFacts, now: int
    ) -> tuple[Route, Outgoing] | Change:
        """What is handed to which provider, or what becomes of the message instead."""
        if isinstance(preparation, Exception):
            raise preparation
        prepared = preparation.prepare(message, now)
        if isinstance(prepared, Change):
            return prepared
        route = self._route(message, prepared, batch, now)
        return route if isinstance(route, Change) else (route, prepared)

    def _route(self, message: Leased, prepared: Outgoing, batch: SendingFacts, now: int) -> Route | Change:
        """By which a message goes now, or what becomes of it instead."""
        if message.line is not None and (route := self._router.routes.get(message.line)) is not None:
            return route
        usual = None if message.tried else self._router.usual(prepared.msisdn, prepared.channel)
        if usual is not None and not usual.is_paced and usual.in_service(now) and not self._is_full(usual):
            return usual
        way = self._router.way(subject_of(prepared, batch.tags), now, message.tried)
        if way.route is not None and (way.route.is_paced or self._is_full(way.route)):
            return put_back(message, Waiting.PACED, route=way.route.pace.line(prepared.originator))
        if way.route is not None:
            return way.route
        if way.wait_until_ms is not None:
            return put_back(message, Waiting.OUT_OF_SERVICE, way.wait_until_ms)
        if not message.tried:
            return Change(message.id, Status.REJECTED, reason=Reason.UNROUTABLE)
        # There were others when it was passed on; the settings have changed since.
        return Change(message.id, Status.FAILED, reason=Reason.PROVIDER_REFUSED)

    async def _preparation(self, batch: SendingFacts) -> Preparation:
        key = (batch.id, batch.modified_at, batch.waits_for_groups)
        if not batch.needs_parameters:  # costs little to make again for the next chunk
            return Preparation(batch)
        found = self._preparations.get(key)
        if found is None:
            found = self._preparations[key] = Preparation(batch, *await self._store.read(_values, batch.id))
        self._preparations.move_to_end(key)
        if len(self._preparations) > PREPARATIONS_KEPT:
            self._preparations.popitem(last=False)
        return found

    async def _send_by(
        self, route: Route, chunk: Sequence[tuple[Leased, Outgoing]], batches: Mapping[str, SendingFacts]
    ) -> None:
        provider = route.provider
        outgoing = [prepared for _, prepared in chunk]
        route.in_flight += len(chunk)
        try:
            outcomes = await became_of(provider, outgoing)
        finally:
            route.in_flight -= len(chunk)
        now = now_ms()
        self._note(route, outcomes, now)
        self._metrics.sent(provider.name, outcomes)
        polls: dict[str, Poll] = {}
        for (message, _), outcome in zip(chunk, outcomes, strict=True):
            if isinstance(outcome, Accepted) and outcome.poll is not None:
                polls[outcome.poll] = first_poll(provider.name, outcome.poll, now, message.expire_at)
        changes = [
            self._judged(route, message, prepared, outcome, batches[message.batch_id].tags, now)
            for (message, prepared), outcome in zip(chunk, outcomes, strict=True)
        ]
        await self._record(changes, polls.values())

    def _judged(
        self, route: Route, message: Leased, prepared: Outgoing, outcome: Outcome, tags: Sequence[str], now: int
    ) -> Change:
        """The change that records an outcome; one with values of other types than it says counts as uncertain."""
        try:
            return self._judge.change(route, message, prepared, outcome, tags, now)
        except Exception as error:
            log.exception("outcome not understood", provider=route.name, message_id=message.id)
            unclear = Uncertain(f"{type(error).__name__}: {error}")
            return self._judge.change(route, message, prepared, unclear, tags, now)

    def _note(self, route: Route, outcomes: Sequence[Outcome], now: int) -> None:
        """What the outcomes say of the provider; faults of ours say nothing."""
        outcomes = [outcome for outcome in outcomes if not isinstance(outcome, Fault)]
        if not outcomes:
            return
        route.health.note(len(outcomes), failed=sum(map(is_failure, outcomes)))
        for said in not_taken(outcomes):
            log.info("provider did not take messages", provider=route.name, **said._asdict())
        if all(
            isinstance(outcome, Uncertain) or (isinstance(outcome, TryAgain) and outcome.blames_provider)
            for outcome in outcomes
        ):
            if route.failed(now):
                log.warning(
                    "provider out of service", provider=route.provider.name, until_ms=route.out_of_service_until_ms
                )
                if self._router.has_others(route):
                    self._release(route)
        else:
            route.worked()

    def _release(self, route: Route) -> None:
        """Lets what waits for a route look for another."""
        task = asyncio.create_task(self._leave_line(route), name="release")
        self._releases.add(task)
        task.add_done_callback(self._releases.discard)

    async def _leave_line(self, route: Route) -> None:
        try:
            while await self._store.write(leave_lines, RELEASED_CHUNK, of=route.name) and not self._stopping:
                self._wake.set()
        except NotNow as error:
            log.warning("messages stay at a route that is out of service", provider=route.name, error=str(error))

    async def _record(self, changes: Sequence[Change], polls: Collection[Poll] = ()) -> None:
        """Writes outcomes; while the database is away, again and again: nothing else knows them."""
        while changes:
            try:
                applied = await self._store.write_item(
                    record_outcomes, Outcomes(changes, now_ms(), list(polls)), Lane.ENGINE
                )
            except NotNow as error:
                log.warning("outcomes not recorded yet", count=len(changes), error=str(error))
                await asyncio.sleep(AFTER_FAILURE_S)
                continue
            self._notifier.tell([change.message_id for change in applied])
            if any(change.status in SETTLED for change in applied):
                self._on_events.set()
            return

    async def _keep_leases(self) -> None:
        """Extends the leases of what is in flight, and takes back what others have let lapse."""
        while True:
            await asyncio.sleep(self._lease_ms / 3_000)
            held = [message.id for chunk, _ in self._in_flight.values() for message in chunk]
            try:
                if held:
                    await self._store.write(extend_leases, self._worker, held, now_ms() + self._lease_ms)
                await self.take_back_lapsed()
            except NotNow as error:
                log.warning("leases not extended", error=str(error))
            except Exception:  # without this task every lease lapses
                log.exception("leases not extended")

    async def take_back_lapsed(self) -> int:
        """Requeues, or marks unknown, messages whose worker died. How many."""
        total = 0
        while True:
            applied = await self._store.write(take_back_lapsed, now_ms(), LAPSED_CHUNK, self._after_a_crash)
            total += len(applied)
            self._metrics.taken_back(len(applied))
            if applied:
                self._on_events.set()
            if len(applied) < LAPSED_CHUNK:
                if total:
                    log.info("took back messages of a dead worker", count=total)
                    self._wake.set()
                return total

    def _after_a_crash(self, lapsed: Lapsed) -> tuple[Status, str | None]:
        """It may have been with any of the routes that it can take, unless it had waited at one."""
        subject = Subject(
            msisdn=lapsed.msisdn,
            originator=lapsed.originator,
            account=lapsed.account_id,
            tags=msgspec.json.decode(lapsed.tags),
            channel=lapsed.channel,
            parts=lapsed.parts or 1,
        )
        routes = self._router.routes_for(subject)
        if lapsed.provider in self._router.routes:
            routes = [self._router.routes[lapsed.provider]]
        if all(route.sends_twice for route in routes):
            return Status.QUEUED, None
        return Status.UNKNOWN, Reason.UNCERTAIN

    async def _let_go(self) -> None:
        try:
            await self._store.write(end_leases, self._worker)
        except NotNow as error:
            log.warning("leases not ended; others take the messages when they lapse", error=str(error))


def _values(tx: Tx, batch_id: str) -> tuple[Parameters, Parameters]:
    """Of names in a batch's texts: what came with it, and what contacts' fields fill in."""
    return parameters_of(tx, batch_id), fields_of(tx, batch_id)


def _next_times(tx: Tx, providers: Collection[str]) -> tuple[int | None, int | None]:
    """When the next message is due, and when one that waits for one of these providers may go."""
    return next_due_at(tx), next_place_ms(tx, providers)
