"""Calling customers back: the outbox is read, each event offered until it is acknowledged or given up.

Any 2xx acknowledges. 429 and 5xx and broken connections are tried again, 5 s later and then twice as long each
time; any other answer is final (reference: XMS, section 10). The event's id is constant over all attempts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import aiohttp
import msgspec
import structlog

from heliograph.domain.batches import Batch
from heliograph.domain.callbacks import Event, retry_delay_s
from heliograph.domain.errors import NotNow
from heliograph.domain.instants import now_ms
from heliograph.domain.prices import Tariff
from heliograph.engine.addresses import AddressGuard
from heliograph.engine.errands import Errand
from heliograph.engine.foreign import storable
from heliograph.engine.metrics import Metrics
from heliograph.store import Store
from heliograph.store.batches import NewBatch
from heliograph.store.events import EventOutcome, claim_events, next_event_due_at, record_event_outcomes

log = structlog.get_logger(__name__)

CHUNK = 200
AT_ONCE = 32
TIMEOUT_S = 15
LONGEST_ANSWER = 64 * 1024
MOST_REDIRECTS = 5
LEASE_S = 120


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

    reads_answers: bool
    """Whether customers may say in an answer what is to be sent, or where to ask for that."""

    async def answered(self, event: Event, answer: Answer) -> Orders:
        """What an answer says. ValueError for one that can't be read: what was told has arrived all the same."""
        ...


class CallbackPoster(Errand):
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

    async def run(self) -> None:
        connector = aiohttp.TCPConnector(resolver=self._guard.resolver(), limit=AT_ONCE, ttl_dns_cache=10)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            self._session = session
            await super().run()

    async def next_due_ms(self) -> int | None:
        return await self._store.read(next_event_due_at)

    async def do_some(self) -> bool:
        now = now_ms()
        if (due_at := await self.next_due_ms()) is None or due_at > now:
            return False
        events = await self._store.write(claim_events, limit=CHUNK, now_ms=now, lease_until=now + LEASE_S * 1_000)
        if not events:
            return False
        places = asyncio.Semaphore(AT_ONCE)

        async def offer(event: Event) -> EventOutcome:
            async with places:
                return await self._offer(event)

        outcomes = await asyncio.gather(*map(offer, events))
        if await self._store.write(record_event_outcomes, outcomes, now_ms()):
            self._on_messages()
        return True

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
        if (fault := self._guard.fault_in(url)) is not None:
            return self._over(event, "given_up", f"the URL may not be called: {fault}")
        try:
            async with self._session.request(
                payload.method, url, data=payload.body or None, headers=payload.headers, allow_redirects=False
            ) as response:
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

    def _over(self, event: Event, state: str, error: str | None) -> EventOutcome:
        self._metrics.callback(state)
        if error is not None:
            log.warning("callback given up", event_id=event.id, error=error)
        return EventOutcome(event.id, state, now_ms(), error)

    def _later(self, event: Event, error: str) -> EventOutcome:
        delay_s = retry_delay_s(event.attempts)
        if delay_s is None:
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
