"""Telling customers: the outbox of events is read, each event delivered until it is taken or given up.

How it works. An event is a row, written in the transaction of the change that it tells of, with a sink (where it goes)
and a receiver (who that is: one account's view of a host, or of its connected clients). The row is in one of three
states: `waiting` with the moment from which it may be offered, `delivered`, `given_up`. One job a process, this one,
runs in turns:

1.  It asks the store which receivers have something due, and leaves out those that its sinks do not reach from here:
    a session is with one process, and only that one takes its events. Nothing is written about the others' events;
    they wait, and count no attempt.
2.  It claims for each receiver as many events as `receivers.py` says that it may have. To claim is to add one to the
    attempts and to move the due moment LEASE_S ahead: that is the lease, and no process claims the row before it ends.
    What is not over after a third of that has its lease extended, again and again, so a lease need not be as long as
    the slowest receiver, and what a dead process held comes back soon.
3.  Each claimed event waits in memory until its receiver has a place, and is then delivered by a task of its own, so
    that a slow receiver holds up itself only.
4.  What came of it goes into a list, which one writer empties in chunks. Taken or refused, the event is over. After a
    failure it is due again, 5 s later and then twice as long each time, and over after sixteen. If nobody was there
    after all (the connection ended before the client acknowledged), it is put back as if it had not been claimed, and
    goes first to the next session. Older than LONGEST_MS it is given up in any case.

The job wakes when this process has written events, when an outcome frees a place, when a client connects, when the
next event falls due, and once a second for what other processes have written.

If the process dies: before 2, nothing has happened. Between 2 and 4 the row is leased to nobody, and due again when the
lease ends; on SQLite, whose only process this is, at the next start. Whether it was delivered is not known then, so it
may be told twice, with the same id. In 4 the outcome, and what the customer's answer asks to be sent, are one
transaction. An orderly stop waits STOP_S for deliveries, and puts back what was claimed and not begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from math import ceil
from time import monotonic, time_ns

import structlog

from heliograph.domain.batches import Batch
from heliograph.domain.callbacks import LONGEST_MS, Event, EventKind, retry_delay_s, scheme_of
from heliograph.domain.errors import NotNow
from heliograph.domain.instants import now_ms
from heliograph.domain.prices import Tariff
from heliograph.engine.foreign import storable
from heliograph.engine.jobs import Job, wait_for_any
from heliograph.engine.metrics import Metrics
from heliograph.engine.news import SharedEvent
from heliograph.engine.receivers import Offer, Receiver, Receivers
from heliograph.engine.sinks import Delivery, Fate, Sink
from heliograph.engine.tracing import Facts, Step
from heliograph.store import Store
from heliograph.store.batches import NewBatch
from heliograph.store.events import (
    EventOutcome,
    claim_events,
    extend_event_leases,
    give_up_old_events,
    put_back_events,
    record_event_outcomes,
    waiting_receivers,
)

log = structlog.get_logger(__name__)

CHUNK = 500
LEASE_S = 24.0
"""How long a claimed event is nobody else's, in seconds; it is extended where a receiver takes its time."""
STOP_S = 2.0
"""How long the orderly end waits for deliveries, in seconds."""
RECORD_AGAIN_S = 1.0
GIVEN_UP_AT_ONCE = 1_000
LOOK_FOR_OLD_S = 600.0
"""How often, in seconds, the events of receivers that nobody reaches are looked through for those that are too old."""


class Outbox(Job):
    name = "outbox"

    def __init__(
        self,
        store: Store,
        sinks: Mapping[str, Sink],
        metrics: Metrics,
        tariff: Callable[[], Tariff],
        on_events: SharedEvent,
        on_messages: Callable[[], None],
    ) -> None:
        """Deliver by `sinks`, which go by the schemes of what they deliver to.

        `on_events` is set whenever events may have been written, or a receiver has come; `on_messages` is called when
        there is something to send.
        """
        super().__init__(on_events)
        self._on_events = on_events
        self._store = store
        self._sinks = sinks
        self._metrics = metrics
        self._tariff = tariff
        self._on_messages = on_messages
        self._receivers = Receivers()
        self._shut: set[str] = set()
        """Receivers that were just found dead: what is too old for them is given up."""
        self._look_for_old_at = 0.0
        self._offers: set[asyncio.Task[None]] = set()
        self._outcomes: list[EventOutcome] = []
        self._untold: list[Event] = []
        """Events that were claimed, and found nobody there."""
        self._held: dict[str, float] = {}
        """The identifiers of events that were claimed and are not over, and since when, by the monotonic clock."""
        self._something_came = asyncio.Event()
        self._over_and_done = asyncio.Event()

    async def run(self) -> None:
        async with AsyncExitStack() as stack:
            for sink in set(self._sinks.values()):
                await stack.enter_async_context(sink.running())
            recording = asyncio.create_task(self._record_what_came(), name="events-recorded")
            keeping = asyncio.create_task(self._keep_leases(), name="events-held")
            await super().run()
            self._untold += self._receivers.take_back()
            if self._offers:
                _, late = await asyncio.wait(self._offers, timeout=STOP_S)
                for task in late:  # these events are offered again when their lease ends
                    task.cancel()
            self._over_and_done.set()
            await recording
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    def state_of(self, receiver: str) -> str:
        """Say how a receiver is doing, as this process has seen it: `shut`, `failing`, `new`, `slow` or `quick`."""
        return self._receivers.state_of(receiver, monotonic())

    async def next_due_ms(self) -> int | None:
        """Return when a receiver that may be offered something has something."""
        clock, now = monotonic(), now_ms()
        due = [each for each in await self._store.read(waiting_receivers) if self._reaches(each.receiver)]
        open_ones = [each.due_at for each in due if self._receivers[each.receiver].wanted(clock)]
        opening = self._receivers.next_opening((each.receiver for each in due), clock)
        if opening is not None:
            open_ones.append(now + ceil((opening - clock) * 1_000))
        return min(open_ones, default=None)

    async def do_some(self) -> bool:
        clock, now = monotonic(), now_ms()
        if left_over := self._receivers.left_over(clock):
            await self._store.write(put_back_events, left_over)
            self._over(event.id for event in left_over)
        due = [each.receiver for each in await self._store.read(waiting_receivers) if each.due_at <= now]
        reached = [receiver for receiver in due if self._reaches(receiver)]
        if clock >= self._look_for_old_at:
            await self._give_up_old(set(due).difference(reached), now)
            self._look_for_old_at = clock + LOOK_FOR_OLD_S
        places = self._receivers.claims(reached, clock, CHUNK)
        if not places:
            return False
        lease_until = now + int(LEASE_S * 1_000)
        claimed = await self._store.write(claim_events, limit=CHUNK, now_ms=now, lease_until=lease_until, places=places)
        self._held.update(dict.fromkeys((event.id for event in claimed), clock))
        self._receivers.take(claimed)
        self._offer_next()
        return bool(claimed)

    def _reaches(self, receiver: str) -> bool:
        sink = self._sinks.get(scheme_of(receiver))
        return sink is None or sink.reaches(receiver)

    async def _give_up_old(self, receivers: Collection[str], now: int) -> None:
        """Give up events that are too old, of receivers that nothing can be offered to at present."""
        ended = GIVEN_UP_AT_ONCE if receivers else 0
        while ended == GIVEN_UP_AT_ONCE:
            ended = await self._store.write(
                give_up_old_events, receivers, before_ms=now - LONGEST_MS, now_ms=now, limit=GIVEN_UP_AT_ONCE
            )

    def _offer_next(self) -> None:
        """Begin as many offers as there are places for."""
        while not self._stopping and (offer := self._receivers.next_offer(monotonic())) is not None:
            task = asyncio.create_task(self._carry_out(offer), name="event")
            self._offers.add(task)
            task.add_done_callback(self._offers.discard)

    async def _carry_out(self, offer: Offer) -> None:
        began, began_ns = monotonic(), time_ns()
        delivery = await self._deliver(offer.event)
        self._trace(offer.event, delivery, began_ns)
        self._note(offer.receiver, delivery.fate, began, monotonic())
        self._receivers.done(offer)
        if delivery.fate is Fate.NOBODY:
            self._metrics.callback(Fate.NOBODY.value)
            self._untold.append(offer.event)
        else:
            self._outcomes.append(self._outcome(offer.event, delivery))
        self._something_came.set()
        self._offer_next()

    def _trace(self, event: Event, delivery: Delivery, began_ns: int) -> None:
        tracing = self._metrics.tracing
        if tracing is not None and event.kind in {EventKind.MESSAGE_STATUS, EventKind.BATCH_SETTLED}:
            facts: Facts = {"event_id": event.id, "attempt": event.attempts, "fate": delivery.fate.value}
            tracing.note(event.subject_id, Step.CALLBACK, began_ns, facts)

    async def _deliver(self, event: Event) -> Delivery:
        sink = self._sinks.get(event.sink.partition(":")[0].lower())
        if sink is None:
            return Delivery(Fate.REFUSED, "nothing is delivered there")
        try:
            return await sink.deliver(event)
        except NotNow as error:
            return Delivery(Fate.FAILED, str(error))
        except Exception as error:  # whatever is wrong with one event, the others are told
            log.exception("event not delivered", event_id=event.id)
            return Delivery(Fate.FAILED, f"{type(error).__name__}: {error}")

    def _note(self, receiver: Receiver, fate: Fate, began: float, ended: float) -> None:
        """Let a receiver have more or fewer places from now on."""
        if fate is Fate.FAILED:
            receiver.failed(ended)
            if receiver.shut_until > ended:
                self._shut.add(receiver.name)
        elif fate is not Fate.NOBODY:
            receiver.answered(ended - began)

    def _outcome(self, event: Event, delivery: Delivery) -> EventOutcome:
        """Return what is to be recorded of an event that somebody was offered."""
        now, reason = now_ms(), storable(delivery.reason)
        replies = self._replies(event, delivery.batches)
        if delivery.fate is Fate.FAILED and (delay_s := _next_attempt_in(event, now)) is not None:
            self._metrics.callback(Fate.FAILED.value)
            # An event that waits without a reason is one that somebody holds a lease of.
            return EventOutcome(event.id, "waiting", now + delay_s * 1_000, reason or "it was not taken", replies)
        state = Fate.TAKEN if delivery.fate is Fate.TAKEN else Fate.REFUSED
        if state is Fate.REFUSED:
            log.warning("event given up", event_id=event.id, error=reason)
        self._metrics.callback(state.value)
        return EventOutcome(event.id, state.value, now, reason or None, replies)

    def _replies(self, event: Event, batches: Sequence[Batch]) -> Sequence[NewBatch]:
        """Return what an answer asks to be sent, each under a key: an event that is told again sends nothing twice."""
        return [
            NewBatch(batch, f"answer:{event.id}:{place}", "", self._tariff()) for place, batch in enumerate(batches)
        ]

    async def _record_what_came(self) -> None:
        """Write what came of offers, those of one moment together, until all are over."""
        while not self._over_and_done.is_set() or self._outcomes or self._untold:
            if not self._outcomes and not self._untold:
                await wait_for_any(self._something_came, self._over_and_done)
                self._something_came.clear()
            outcomes, self._outcomes = self._outcomes, []
            untold, self._untold = self._untold, []
            try:
                await self._record(outcomes, untold)
            except NotNow as error:
                log.warning("what came of events is not recorded yet", count=len(outcomes), error=str(error))
                self._outcomes[:0] = outcomes
                self._untold[:0] = untold
                await asyncio.sleep(RECORD_AGAIN_S)
            self._on_events.set_here()  # there are places again

    async def _record(self, outcomes: Sequence[EventOutcome], untold: Sequence[Event]) -> None:
        now = now_ms()
        if outcomes:
            ordered = await self._store.write(record_event_outcomes, outcomes, now)
            self._over(outcome.event_id for outcome in outcomes)
            if ordered:
                self._on_messages()
        if untold:
            await self._store.write(put_back_events, untold)
            self._over(event.id for event in untold)
        while self._shut:
            await self._give_up_old([self._shut.pop()], now)

    def _over(self, event_ids: Iterable[str]) -> None:
        """Let go of events: what came of them is recorded."""
        for event_id in event_ids:
            self._held.pop(event_id, None)

    async def _keep_leases(self) -> None:
        """Extend the leases of what takes long, until it is canceled. Nothing is written for what is quick."""
        while True:
            await asyncio.sleep(LEASE_S / 3)
            before = monotonic() - LEASE_S / 3
            if not (late := [event_id for event_id, since in self._held.items() if since <= before]):
                continue
            try:
                await self._store.write(extend_event_leases, late, now_ms() + int(LEASE_S * 1_000))
            except NotNow as error:
                log.warning("events that are being told may be told again", count=len(late), error=str(error))
            except Exception:  # without this task every lease lapses
                log.exception("leases of events not extended")


def _next_attempt_in(event: Event, now: int) -> int | None:
    """Return how many seconds later an event that failed is offered again; None if it is given up."""
    return None if event.created_ms + LONGEST_MS <= now else retry_delay_s(event.attempts)
