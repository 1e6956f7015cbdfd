"""The dispatcher: claim due messages under a lease, send them, record what came of it.

Several chunks are on their way at any moment, each its own task, never more than `window`. The store holds the
truth throughout: when this process dies, what it held is let go of when the lease ends, and the provider's policy
says whether such a message is sent again.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import Collection, Sequence

import structlog

from heliograph.domain.errors import NotNow
from heliograph.domain.instants import now_ms
from heliograph.domain.retries import retry_at_ms
from heliograph.domain.statuses import SETTLED, Reason, Status
from heliograph.engine.foreign import storable
from heliograph.engine.lines import Line
from heliograph.engine.metrics import Metrics
from heliograph.engine.news import News
from heliograph.engine.polling import first_poll
from heliograph.engine.preparing import Preparation, put_back
from heliograph.engine.routing import Router
from heliograph.protocols.contract import Outcome, Outgoing, Refused, Taken, TryAgain, Uncertain
from heliograph.store import Store
from heliograph.store.base import Lane
from heliograph.store.batches import SendingFacts, parameters_of
from heliograph.store.changes import Change
from heliograph.store.polls import Poll
from heliograph.store.queue import (
    Claim,
    Leased,
    Work,
    claim_due,
    end_leases,
    extend_leases,
    next_due_at,
    take_back_lapsed,
)
from heliograph.store.receipts import Outcomes, record_outcomes

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
PREPARATIONS_KEPT = 16
"""Batches whose parameters are kept read: a large one's take tens of megabytes."""


class Dispatcher:
    def __init__(
        self,
        store: Store,
        router: Router,
        news: News,
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
        self._news = news
        self._metrics = metrics
        self._worker = worker
        self._lease_ms = int(lease_s * 1_000)
        self._window = window
        self._on_events = on_events
        self._wake = asyncio.Event()
        self._stopping = False
        self._in_flight: dict[asyncio.Task[None], Sequence[Leased]] = {}
        self._preparations: OrderedDict[tuple[str, int], Preparation] = OrderedDict()

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
            await asyncio.gather(keeper, return_exceptions=True)
            await self._let_go()

    async def _work_once(self) -> None:
        self._wake.clear()
        try:
            work = await self._claim()
            if work.messages:
                await self._send_off(work)
            if len(work.messages) == CHUNK:
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
        claim = Claim(self._worker, CHUNK, now, now + self._lease_ms)
        return await self._store.write_item(claim_due, claim, Lane.ENGINE)

    async def _until_next_due(self) -> float:
        if self._wake.is_set():
            return 0
        due_at = await self._store.read(next_due_at)
        return LONGEST_PAUSE_S if due_at is None else min(max(due_at - now_ms(), 1) / 1_000, LONGEST_PAUSE_S)

    async def _pause(self, seconds: float) -> None:
        if seconds > 0 and not self._stopping:
            await asyncio.wait({wait := asyncio.ensure_future(self._wake.wait())}, timeout=seconds)
            wait.cancel()

    async def _send_off(self, work: Work) -> None:
        """Starts sending a chunk; waits while the window is full."""
        task = asyncio.create_task(self._send(work), name="send")
        self._in_flight[task] = work.messages
        task.add_done_callback(self._landed)
        while len(self._in_flight) >= self._window:
            await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)

    def _landed(self, task: asyncio.Task[None]) -> None:
        del self._in_flight[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            # The lease brings the chunk back; until then it is in the log.
            log.error("chunk not recorded", exc_info=error)

    async def _send(self, work: Work) -> None:
        now = now_ms()
        changes: list[Change] = []
        by_line: dict[str, list[tuple[Leased, Outgoing]]] = {}
        preparations = {batch_id: await self._preparation(facts) for batch_id, facts in work.batches.items()}
        for message in work.messages:
            prepared = preparations[message.batch_id].prepare(message, now)
            line = None if isinstance(prepared, Change) else self._router.route(message.msisdn, message.channel)
            if isinstance(prepared, Change):
                changes.append(prepared)
            elif line is None:
                changes.append(Change(message.id, Status.REJECTED, reason=Reason.UNROUTABLE))
            elif (wait := line.admit(now)) is not None:
                changes.append(put_back(message, *wait))
            else:
                by_line.setdefault(line.provider.name, []).append((message, prepared))
        sends = [
            self._send_by(line, chunk[start : start + line.provider.chunk_size])
            for name, chunk in by_line.items()
            if (line := self._router.lines[name])
            for start in range(0, len(chunk), line.provider.chunk_size)
        ]
        await asyncio.gather(self._record(changes), *sends)

    async def _preparation(self, batch: SendingFacts) -> Preparation:
        key = (batch.id, batch.modified_at)
        if not batch.has_parameters:  # costs little to make again for the next chunk
            return Preparation(batch, None)
        found = self._preparations.get(key)
        if found is None:
            found = self._preparations[key] = Preparation(batch, await self._store.read(parameters_of, batch.id))
        self._preparations.move_to_end(key)
        if len(self._preparations) > PREPARATIONS_KEPT:
            self._preparations.popitem(last=False)
        return found

    async def _send_by(self, line: Line, chunk: Sequence[tuple[Leased, Outgoing]]) -> None:
        provider = line.provider
        outgoing = [prepared for _, prepared in chunk]
        try:
            outcomes = await provider.send(outgoing)
            if len(outcomes) != len(chunk):
                raise ValueError(f"{len(outcomes)} outcomes for {len(chunk)} messages")
        except Exception as error:
            log.exception("provider failed", provider=provider.name)
            outcomes = [Uncertain(f"{type(error).__name__}: {error}")] * len(chunk)
        now = now_ms()
        self._judge(line, outcomes, now)
        self._metrics.sent(provider.name, outcomes)
        polls: dict[str, Poll] = {}
        for (message, _), outcome in zip(chunk, outcomes, strict=True):
            if isinstance(outcome, Taken) and outcome.poll is not None:
                polls[outcome.poll] = first_poll(provider.name, outcome.poll, now, message.expire_at)
        changes = [
            self._change(line, message, prepared, outcome, now)
            for (message, prepared), outcome in zip(chunk, outcomes, strict=True)
        ]
        await self._record(changes, polls.values())

    def _judge(self, line: Line, outcomes: Sequence[Outcome], now: int) -> None:
        if all(
            isinstance(outcome, Uncertain) or (isinstance(outcome, TryAgain) and outcome.blames_provider)
            for outcome in outcomes
        ):
            if line.failed(now):
                log.warning(
                    "provider out of service", provider=line.provider.name, until_ms=line.out_of_service_until_ms
                )
        else:
            line.worked()

    def _change(self, line: Line, message: Leased, prepared: Outgoing, outcome: Outcome, now: int) -> Change:
        name = line.provider.name
        if isinstance(outcome, Taken):
            return Change(
                message.id,
                Status.SENT,
                provider=name,
                provider_ref=storable(outcome.provider_ref),
                encoding=prepared.encoding,
                parts=prepared.parts,
                at_ms=now,
            )
        if isinstance(outcome, Refused):
            return Change(
                message.id,
                Status.REJECTED,
                reason=outcome.reason,
                provider_code=storable(outcome.code),
                detail=storable(outcome.detail),
                provider=name,
                encoding=prepared.encoding,
                parts=prepared.parts,
            )
        if isinstance(outcome, Uncertain) and not line.provider.sends_twice_rather_than_never:
            detail = storable(outcome.detail)
            return Change(message.id, Status.UNKNOWN, reason=Reason.UNCERTAIN, detail=detail, provider=name)
        return self._again(message, outcome, now, name)

    def _again(self, message: Leased, outcome: TryAgain | Uncertain, now: int, provider: str) -> Change:
        after_ms = outcome.after_ms if isinstance(outcome, TryAgain) else None
        code = storable(outcome.code) if isinstance(outcome, TryAgain) else None
        detail = storable(outcome.detail)
        due_at = retry_at_ms(message.attempts, now, message.expire_at, random.random(), after_ms)  # noqa: S311 - jitter
        if due_at is None:
            return Change(
                message.id,
                Status.FAILED,
                reason=Reason.RETRIES_EXHAUSTED,
                provider_code=code,
                detail=detail,
                provider=provider,
            )
        return Change(message.id, Status.QUEUED, provider_code=code, detail=detail, due_at=due_at)

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
            self._news.tell([change.message_id for change in applied])
            if any(change.status in SETTLED for change in applied):
                self._on_events.set()
            return

    async def _keep_leases(self) -> None:
        """Extends the leases of what is in flight, and takes back what others have let lapse."""
        while True:
            await asyncio.sleep(self._lease_ms / 3_000)
            held = [message.id for chunk in self._in_flight.values() for message in chunk]
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

    def _after_a_crash(self, _account_id: str, msisdn: str, channel: str) -> tuple[Status, str | None]:
        line = self._router.route(msisdn, channel)
        if line is None or line.provider.sends_twice_rather_than_never:
            return Status.QUEUED, None
        return Status.UNKNOWN, Reason.UNCERTAIN

    async def _let_go(self) -> None:
        try:
            await self._store.write(end_leases, self._worker)
        except NotNow as error:
            log.warning("leases not ended; others take the messages when they lapse", error=str(error))
