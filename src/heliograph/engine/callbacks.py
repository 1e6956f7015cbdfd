"""Calling customers back: the outbox is read, each event offered until it is acknowledged or given up.

Any 2xx acknowledges. 429 and 5xx and broken connections are tried again, 5 s later and then twice as long each
time; any other answer is final (reference: XMS, section 10). The event's id is constant over all attempts.

How it works. `do_some` asks which receivers have events that are due, and claims for each as many as `receivers.py`
says that it may have. Each claimed event waits in memory until its receiver has a place, and is then offered by a task
of its own; what came of it goes into a list that one writer empties, in chunks. A claimed event whose process dies is
due again when its lease ends. One whose receiver is left alone meanwhile is put back, and no attempt is counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from math import ceil
from time import monotonic
from typing import Protocol

import aiohttp
import msgspec
import structlog
from yarl import URL

from heliograph.calling.requested import Requested, requested
from heliograph.domain.batches import Batch
from heliograph.domain.callbacks import LONGEST_MS, Event, retry_delay_s
from heliograph.domain.errors import NotNow
from heliograph.domain.instants import now_ms
from heliograph.domain.prices import Tariff
from heliograph.engine.addresses import AddressGuard
from heliograph.engine.foreign import storable
from heliograph.engine.jobs import Job, wait_for_any
from heliograph.engine.metrics import Metrics
from heliograph.engine.receivers import AT_ONCE, Offer, Receivers
from heliograph.store import Store
from heliograph.store.batches import NewBatch
from heliograph.store.events import (
    EventOutcome,
    claim_events,
    give_up_old_events,
    put_back_events,
    record_event_outcomes,
    waiting_receivers,
)

log = structlog.get_logger(__name__)

CHUNK = 500
TIMEOUT_S = 15
LONGEST_ANSWER = 64 * 1024
MOST_REDIRECTS = 5
LEASE_S = 120
STOP_S = 2.0
"""How long the end waits for answers."""
RECORD_AGAIN_S = 1.0
GIVEN_UP_AT_ONCE = 1_000


class Payload(msgspec.Struct, frozen=True):
    """What is posted, or asked for."""

    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"
    url: str = ""
    """Instead of the event's, which this was made from."""


class Answer(msgspec.Struct, frozen=True):
    """What a customer's server answered."""

    content_type: str
    body: bytes
    url: str
    """Which was called."""


class Orders(msgspec.Struct, frozen=True):
    """What an answer asks for."""

    batches: Sequence[Batch] = ()
    ask: str | None = None
    """Where there is more to do: the event is told there, and the answer read."""


NO_ORDERS = Orders()


class CallbackShape(Protocol):
    """How one protocol writes events. Doors supply these; the engine only posts."""

    async def encode(self, event: Event) -> Payload | None:
        """None: what the event is about no longer exists."""
        ...

    takes_credentials: bool
    """Whether its addresses may carry a user name and a password."""

    reads_answers: bool
    """Whether customers may say in an answer what is to be sent, or where to ask for that."""

    async def answered(self, event: Event, answer: Answer) -> Orders:
        """What an answer says. ValueError for one that can't be read: what was told has arrived all the same."""
        ...


class CallbackPoster(Job):
    name = "callbacks"

    def __init__(
        self,
        store: Store,
        shapes: Mapping[str, CallbackShape],
        guard: AddressGuard,
        metrics: Metrics,
        tariff: Tariff,
        on_events: asyncio.Event,
        on_messages: Callable[[], None],
    ) -> None:
        """`on_events` is set whenever events may have been written, `on_messages` called when there is something to
        send."""
        self._tariff = tariff
        self._on_messages = on_messages
        super().__init__(on_events)
        self._store = store
        self._shapes = shapes
        self._guard = guard
        self._metrics = metrics
        self._receivers = Receivers()
        self._shut: set[str] = set()
        """Receivers that were just found dead: what is too old for them is given up."""
        self._offers: set[asyncio.Task[None]] = set()
        self._outcomes: list[EventOutcome] = []
        self._outcomes_came = asyncio.Event()
        self._over_and_done = asyncio.Event()

    async def run(self) -> None:
        connector = aiohttp.TCPConnector(resolver=self._guard.resolver(), limit=AT_ONCE, ttl_dns_cache=10)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            self._session = session
            recording = asyncio.create_task(self._record_outcomes(), name="callbacks-recorded")
            await super().run()
            if self._offers:
                _, late = await asyncio.wait(self._offers, timeout=STOP_S)
                for task in late:  # these events are offered again when their lease ends
                    task.cancel()
            self._over_and_done.set()
            await recording

    async def next_due_ms(self) -> int | None:
        """When a receiver that may be offered something has something."""
        clock, now = monotonic(), now_ms()
        due = await self._store.read(waiting_receivers)
        open_ones = [each.due_at for each in due if self._receivers[each.receiver].wanted(clock)]
        opening = self._receivers.next_opening((each.receiver for each in due), clock)
        if opening is not None:
            open_ones.append(now + ceil((opening - clock) * 1_000))
        return min(open_ones, default=None)

    async def do_some(self) -> bool:
        clock, now = monotonic(), now_ms()
        if left_over := self._receivers.left_over(clock):
            await self._store.write(put_back_events, left_over, now)
        due = [each.receiver for each in await self._store.read(waiting_receivers) if each.due_at <= now]
        places = self._receivers.claims(due, clock, CHUNK)
        if not places:
            return False
        lease_until = now + LEASE_S * 1_000
        claimed = await self._store.write(claim_events, limit=CHUNK, now_ms=now, lease_until=lease_until, places=places)
        self._receivers.take(claimed)
        self._offer_next()
        return bool(claimed)

    def _offer_next(self) -> None:
        """Begins as many offers as there are places for."""
        while not self._stopping and (offer := self._receivers.next_offer(monotonic())) is not None:
            task = asyncio.create_task(self._carry_out(offer), name="callback")
            self._offers.add(task)
            task.add_done_callback(self._offers.discard)

    async def _carry_out(self, offer: Offer) -> None:
        began = monotonic()
        outcome = await self._offer(offer.event)
        ended = monotonic()
        receiver = offer.receiver
        if outcome.state == "waiting":
            receiver.failed(ended)
            if receiver.shut_until > ended:
                self._shut.add(receiver.name)
        else:
            receiver.answered(ended - began)
        self._receivers.done(offer)
        self._outcomes.append(outcome)
        self._outcomes_came.set()
        self._offer_next()

    async def _record_outcomes(self) -> None:
        """Writes what came of offers, those of one moment together, until all are over."""
        while not self._over_and_done.is_set() or self._outcomes:
            if not self._outcomes:
                await wait_for_any(self._outcomes_came, self._over_and_done)
                self._outcomes_came.clear()
            outcomes, self._outcomes = self._outcomes, []
            try:
                await self._record(outcomes)
            except NotNow as error:
                log.warning("what came of callbacks is not recorded yet", count=len(outcomes), error=str(error))
                self._outcomes[:0] = outcomes
                await asyncio.sleep(RECORD_AGAIN_S)
            self._wake.set()  # there are places again

    async def _record(self, outcomes: Sequence[EventOutcome]) -> None:
        now = now_ms()
        if await self._store.write(record_event_outcomes, outcomes, now):
            self._on_messages()
        while self._shut:
            receiver = self._shut.pop()
            await self._store.write(
                give_up_old_events, receiver, before_ms=now - LONGEST_MS, now_ms=now, limit=GIVEN_UP_AT_ONCE
            )

    async def _offer(self, event: Event) -> EventOutcome:
        """Tells it, and wherever the answers send it to be told."""
        ordered: list[Batch] = []
        for _ in range(MOST_REDIRECTS):
            outcome, orders = await self._tell(event)
            ordered += orders.batches
            if orders.ask is None:
                break
            event = msgspec.structs.replace(event, url=orders.ask)
        if not ordered:
            return outcome
        # One key for each: an event that is told again, because nobody knows that it was, sends nothing twice.
        replies = [
            NewBatch(batch, f"answer:{event.id}:{place}", "", self._tariff) for place, batch in enumerate(ordered)
        ]
        return msgspec.structs.replace(outcome, replies=replies)

    async def _tell(self, event: Event) -> tuple[EventOutcome, Orders]:
        shape = self._shapes[event.protocol]
        answer: list[Answer] = []
        outcome = await self._told(event, shape, answer)
        if not answer:
            return outcome, NO_ORDERS
        try:
            return outcome, await shape.answered(event, answer[0])
        except NotNow as error:
            return self._later(event, str(error)), NO_ORDERS
        except ValueError as error:
            log.warning("answer to a callback not understood", event_id=event.id, error=str(error))
        except Exception:  # the others' callbacks go on
            log.exception("answer to a callback not carried out", event_id=event.id)
        return outcome, NO_ORDERS

    async def _told(self, event: Event, shape: CallbackShape, answer: list[Answer]) -> EventOutcome:
        """Puts what was answered into `answer`, if anybody wants to read it."""
        try:
            payload = await shape.encode(event)
        except NotNow as error:
            return self._later(event, str(error))
        except Exception as error:
            log.exception("event cannot be written", event_id=event.id)
            return self._later(event, storable(f"{type(error).__name__}: {error}"))
        if payload is None:
            return self._over(event, "given_up", "what it was about is gone")
        url = payload.url or event.url
        if (fault := self._guard.fault_in(url, credentials=True)) is not None:
            return self._over(event, "given_up", f"the URL may not be called: {fault}")
        try:
            async with self._call(payload, requested(url)) as response:
                status = response.status
                if shape.reads_answers and 200 <= status < 300:
                    answer.append(Answer(response.content_type, await _beginning(response), url))
        except Exception as error:  # whatever one customer's address sets off, the others' callbacks go on
            return self._later(event, storable(f"{type(error).__name__}: {error}"))
        if 200 <= status < 300:
            return self._over(event, "delivered", None)
        if status == 429 or status >= 500:
            return self._later(event, f"HTTP {status}")
        return self._over(event, "given_up", f"HTTP {status}")

    def _call(self, payload: Payload, target: Requested) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Who the URL names is named at once, as Basic; a server that asks for Digest (RFC 7616) is answered so."""
        address, body = URL(target.url, encoded=True), payload.body or None
        if target.basic is None:
            return self._session.request(
                payload.method, address, data=body, headers=payload.headers, allow_redirects=False
            )
        return self._session.request(
            payload.method,
            address,
            data=body,
            headers={**payload.headers, "Authorization": target.basic},
            allow_redirects=False,
            middlewares=[aiohttp.DigestAuthMiddleware(target.user, target.password)],
        )

    def _over(self, event: Event, state: str, error: str | None) -> EventOutcome:
        self._metrics.callback(state)
        if error is not None:
            log.warning("callback given up", event_id=event.id, error=error)
        return EventOutcome(event.id, state, now_ms(), error)

    def _later(self, event: Event, error: str) -> EventOutcome:
        delay_s = retry_delay_s(event.attempts)
        if delay_s is None or event.created_ms + LONGEST_MS <= now_ms():
            return self._over(event, "given_up", error)
        self._metrics.callback("retried")
        return EventOutcome(event.id, "waiting", now_ms() + delay_s * 1_000, error)


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """The body, as far as anybody reads it."""
    body = b""
    async for block in response.content.iter_any():
        body += block
        if len(body) >= LONGEST_ANSWER:
            break
    return body[:LONGEST_ANSWER]
