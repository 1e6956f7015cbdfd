"""Sending: from a chunk of leased messages to what is recorded of each.

How it works. `send` is a task of its own for each chunk. It prepares every message (`preparing.py`) and chooses its
route (`routing.py`); what is not to be sent now becomes a change at once, what is goes to its provider in pieces as
large as that takes, all providers of the chunk at the same time. What came of a piece is judged (`judging.py`) and
recorded as soon as its provider has answered, whatever the others do. A mistake of ours in one message is that
message's outcome, and the others go out.

Who holds what. All messages of the chunk are leased to this worker from the claim until their outcome is recorded; the
outcome ends the lease. `Route.in_flight` counts what a provider has been handed and has not answered.

What is true between two steps, and left behind if the process dies there:

* prepared, not handed over: nothing has left; the lease ends, and the message is sent again or becomes `unknown` all
  the same, because nobody can tell from outside (`leases.py`).
* handed over, not answered: the provider may have it.
* answered, not recorded: the provider has it and only this process knows. So `_record` gives up for no outage: it
  writes again and again until the database is back. A receipt that comes meanwhile is kept (`store/receipts.py`).
* recorded: with the lease, the count of attempts, and the question to a provider that has to be asked.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from time import time_ns

import structlog

from heliograph.domain.errors import NotNow
from heliograph.domain.instants import now_ms
from heliograph.domain.life import Change
from heliograph.domain.messages import Waiting
from heliograph.domain.statuses import SETTLED, Reason, Status
from heliograph.engine.contract import Accepted, Fault, Outcome, Outgoing, TryAgain, Uncertain
from heliograph.engine.foreign import is_handle
from heliograph.engine.handing import became_of
from heliograph.engine.judging import Judge, is_failure, not_taken, subject_of
from heliograph.engine.metrics import Metrics
from heliograph.engine.notifier import Notifier
from heliograph.engine.polling import first_poll
from heliograph.engine.preparing import Preparation, Preparations, put_back
from heliograph.engine.routes import Route
from heliograph.engine.routing import Router
from heliograph.engine.tracing import Step
from heliograph.store import Store
from heliograph.store.base import Lane
from heliograph.store.batches import SendingFacts
from heliograph.store.pacing import leave_lines
from heliograph.store.polls import Poll
from heliograph.store.queue import Leased, Work
from heliograph.store.receipts import Outcomes, record_outcomes

log = structlog.get_logger(__name__)

RECORD_AGAIN_S = 1.0
RELEASED_CHUNK = 5_000


class Sender:
    def __init__(
        self,
        store: Store,
        router: Router,
        notifier: Notifier,
        metrics: Metrics,
        *,
        most: int,
        on_events: asyncio.Event,
        on_messages: asyncio.Event,
    ) -> None:
        """Send by the routes of `router`; `most` is how many messages one route may have in flight.

        `on_events` is set when messages have ended, of which customers may be told, and `on_messages` when some that
        waited may look for another route.
        """
        self._store = store
        self._router = router
        self._judge = Judge(router)
        self._notifier = notifier
        self._metrics = metrics
        self._most = most
        self._on_events = on_events
        self._on_messages = on_messages
        self._preparations = Preparations(store)
        self._releases: set[asyncio.Task[None]] = set()
        self._stopping = False

    def stop(self) -> None:
        """Release no more messages from routes that are out of service; `finished` returns when that is over."""
        self._stopping = True

    async def finished(self) -> None:
        await asyncio.gather(*self._releases, return_exceptions=True)

    async def send(self, work: Work) -> None:
        """Send a chunk; return when what came of each message has been recorded."""
        now = now_ms()
        changes: list[Change] = []
        by_route: dict[str, list[tuple[Leased, Outgoing]]] = {}
        preparations = await self._preparations.of(work.batches.values())
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

    def _prepared(
        self, message: Leased, preparation: Preparation | Exception, batch: SendingFacts, now: int
    ) -> tuple[Route, Outgoing] | Change:
        """Return what is handed to which provider, or what becomes of the message instead."""
        if isinstance(preparation, Exception):
            raise preparation
        prepared = preparation.prepare(message, now)
        if isinstance(prepared, Change):
            return prepared
        route = self._route(message, prepared, batch, now)
        return route if isinstance(route, Change) else (route, prepared)

    def _route(self, message: Leased, prepared: Outgoing, batch: SendingFacts, now: int) -> Route | Change:
        """Return the route by which a message goes now, or what becomes of it instead."""
        if message.route is not None and (route := self._router.routes.get(message.route)) is not None:
            return route  # its place there is taken
        # Most messages go by the usual route of their number: that is known without asking each rule.
        usual = None if message.passed_on_by else self._router.usual(prepared.msisdn, prepared.channel)
        if usual is not None and not usual.is_paced and usual.in_service(now) and not usual.is_full(self._most):
            return usual
        way = self._router.way(subject_of(prepared, batch.tags), now, message.passed_on_by)
        if way.route is not None and (way.route.is_paced or way.route.is_full(self._most)):
            return put_back(message, Waiting.PACED, line=way.route.pace.line(prepared.originator))
        if way.route is not None:
            return way.route
        if way.held is not None:
            return put_back(message, Waiting.PROVIDER_PAUSED, line=way.held.pace.line(prepared.originator))
        if way.wait_until_ms is not None:
            return put_back(message, Waiting.OUT_OF_SERVICE, way.wait_until_ms)
        if not message.passed_on_by:
            return Change(message.id, Status.REJECTED, reason=Reason.UNROUTABLE)
        # There were others when it was passed on; the settings have changed since.
        return Change(message.id, Status.FAILED, reason=Reason.PROVIDER_REFUSED)

    async def _send_by(
        self, route: Route, chunk: Sequence[tuple[Leased, Outgoing]], batches: Mapping[str, SendingFacts]
    ) -> None:
        provider = route.provider
        began_ns = time_ns()
        route.in_flight += len(chunk)
        try:
            outcomes = await became_of(provider, [prepared for _, prepared in chunk])
        finally:
            route.in_flight -= len(chunk)
        now = now_ms()
        self._note(route, outcomes, now)
        self._metrics.sent(provider.name, outcomes)
        if (tracing := self._metrics.tracing) is not None:
            for batch_id, count in Counter(message.batch_id for message, _ in chunk).items():
                tracing.note(batch_id, Step.SEND, began_ns, {"provider": provider.name, "count": count})
        polls: dict[str, Poll] = {}
        for (message, _), outcome in zip(chunk, outcomes, strict=True):
            if isinstance(outcome, Accepted) and outcome.poll is not None and is_handle(outcome.poll):
                polls[outcome.poll] = first_poll(provider.name, outcome.poll, now, message.expire_at)
        changes = [
            self._judged(route, message, prepared, outcome, batches[message.batch_id].tags, now)
            for (message, prepared), outcome in zip(chunk, outcomes, strict=True)
        ]
        await self._record(changes, polls.values())

    def _judged(
        self, route: Route, message: Leased, prepared: Outgoing, outcome: Outcome, tags: Sequence[str], now: int
    ) -> Change:
        """Return the change that records an outcome; one with values of the wrong types counts as uncertain."""
        try:
            return self._judge.change(route, message, prepared, outcome, tags, now)
        except Exception as error:
            log.exception("outcome not understood", provider=route.name, message_id=message.id)
            unclear = Uncertain(f"{type(error).__name__}: {error}")
            return self._judge.change(route, message, prepared, unclear, tags, now)

    def _note(self, route: Route, outcomes: Sequence[Outcome], now: int) -> None:
        """Note what the outcomes say of the provider; faults of ours say nothing."""
        outcomes = [outcome for outcome in outcomes if not isinstance(outcome, Fault)]
        if not outcomes:
            return
        route.health.note(len(outcomes), failed=sum(map(is_failure, outcomes)))
        for said in not_taken(outcomes):
            log.info("provider did not take messages", provider=route.name, **said._asdict())
        if not all(_is_the_providers_fault(outcome) for outcome in outcomes):
            route.worked()
        elif route.failed(now):
            until_ms = route.out_of_service_until_ms
            log.warning("provider out of service", provider=route.name, until_ms=until_ms)
            if self._router.has_others(route):
                self._release(route)

    def _release(self, route: Route) -> None:
        """Let what waits for a route look for another."""
        task = asyncio.create_task(self._leave_line(route), name="release")
        self._releases.add(task)
        task.add_done_callback(self._releases.discard)

    async def _leave_line(self, route: Route) -> None:
        try:
            while await self._store.write(leave_lines, RELEASED_CHUNK, of=route.name) and not self._stopping:
                self._on_messages.set()
        except NotNow as error:
            log.warning("messages stay at a route that is out of service", provider=route.name, error=str(error))

    async def _record(self, changes: Sequence[Change], polls: Collection[Poll] = ()) -> None:
        """Write outcomes; while the database is away, again and again: nothing else knows them."""
        while changes:
            try:
                applied = await self._store.write_item(
                    record_outcomes, Outcomes(changes, now_ms(), list(polls)), Lane.ENGINE
                )
            except NotNow as error:
                log.warning("outcomes not recorded yet", count=len(changes), error=str(error))
                await asyncio.sleep(RECORD_AGAIN_S)
                continue
            self._metrics.changed(applied)
            self._notifier.tell([change.message_id for change in applied])
            if any(change.status in SETTLED for change in applied):
                self._on_events.set()
            return


def _is_the_providers_fault(outcome: Outcome) -> bool:
    return isinstance(outcome, Uncertain) or (isinstance(outcome, TryAgain) and outcome.blames_provider)
