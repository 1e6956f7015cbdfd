"""Calling customers back: an event is posted to a URL.

Any 2xx acknowledges. 429 and 5xx and broken connections are failures, after which it is offered again; any other answer
is final (reference: XMS, section 10).

Nothing that a customer's address, server or answer does may disturb the others' callbacks: an address is checked when
it is connected to (`addresses.py`), a redirect is not followed, an answer is read up to a limit, and whatever is raised
becomes a failure of this one event. An answer that can't be read or carried out does not make the event fail: what was
told has arrived.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import lru_cache
from typing import NamedTuple, Protocol

import aiohttp
import msgspec
import structlog
from yarl import URL

from heliograph.calling.requested import Requested, requested
from heliograph.domain.batches import Batch
from heliograph.domain.callbacks import Event
from heliograph.domain.errors import NotNow
from heliograph.engine.addresses import AddressGuard
from heliograph.engine.receivers import AT_ONCE
from heliograph.engine.sinks import TAKEN, Delivery, Fate, Sink

log = structlog.get_logger(__name__)

TIMEOUT_S = 15
LONGEST_ANSWER = 64 * 1024
MOST_REDIRECTS = 5


class Payload(msgspec.Struct, frozen=True):
    """A request to a customer's server, which posts an event or asks for something."""

    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"
    url: str = ""
    """Called instead of the event's sink, which this URL was made from; empty: the sink itself is called."""


class Answer(msgspec.Struct, frozen=True):
    """The answer of a customer's server."""

    content_type: str
    body: bytes
    url: str
    """The URL that was called."""


class Orders(msgspec.Struct, frozen=True):
    """What an answer asks for: messages to send, and where to ask for more."""

    batches: Sequence[Batch] = ()
    ask: str | None = None
    """URL of a place with more orders: the event is told there, and the answer read. None: there is no more to do."""


NO_ORDERS = Orders()


class CallbackShape(Protocol):
    """The way in which one protocol writes events. Doors supply these; the engine only posts."""

    async def encode(self, event: Event) -> Payload | None:
        """Write an event as a request; None if what the event is about no longer exists."""
        ...

    takes_credentials: bool
    """True if addresses of this protocol may carry a user name and a password."""

    reads_answers: bool
    """True if customers may say in an answer what is to be sent, or where to ask for that."""

    async def answered(self, event: Event, answer: Answer) -> Orders:
        """Read an answer. Raises ValueError for one that can't be read: what was told has arrived all the same."""
        ...


class _Call(NamedTuple):
    """The result of one request."""

    delivery: Delivery
    answer: Answer | None = None
    """The answer, if somebody wants to read it."""


class UrlSink(Sink):
    """Posts events to the URLs that are their sinks, in the shape of their protocol."""

    def __init__(self, shapes: Mapping[str, CallbackShape], guard: AddressGuard) -> None:
        self._shapes = shapes
        self._guard = guard
        self._session: aiohttp.ClientSession

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(resolver=self._guard.resolver(), limit=AT_ONCE, ttl_dns_cache=10)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            self._session = session
            yield

    async def deliver(self, event: Event) -> Delivery:
        """Tell an event to its sink, and then wherever the answers send it to be told."""
        ordered: list[Batch] = []
        for _ in range(MOST_REDIRECTS):
            delivery, orders = await self._tell(event)
            ordered += orders.batches
            if orders.ask is None:
                break
            event = msgspec.structs.replace(event, sink=orders.ask)
        return delivery._replace(batches=ordered)

    async def _tell(self, event: Event) -> tuple[Delivery, Orders]:
        shape = self._shapes.get(event.protocol)
        if shape is None:
            return Delivery(Fate.REFUSED, f"nobody is called back in the shape of {event.protocol}"), NO_ORDERS
        delivery, answer = await self._told(event, shape)
        if answer is None:
            return delivery, NO_ORDERS
        try:
            return delivery, await shape.answered(event, answer)
        except NotNow:
            raise
        except ValueError as error:
            log.warning("answer to a callback not understood", event_id=event.id, error=str(error))
        except Exception:  # the others' callbacks go on
            log.exception("answer to a callback not carried out", event_id=event.id)
        return delivery, NO_ORDERS

    async def _told(self, event: Event, shape: CallbackShape) -> _Call:
        payload = await shape.encode(event)
        if payload is None:
            return _Call(Delivery(Fate.REFUSED, "what it was about is gone"))
        url = payload.url or event.sink
        if (fault := self._guard.fault_in(url, credentials=True)) is not None:
            return _Call(Delivery(Fate.REFUSED, f"the URL may not be called: {fault}"))
        answer: Answer | None = None
        try:
            async with self._call(payload, requested(url)) as response:
                status = response.status
                if shape.reads_answers and 200 <= status < 300:
                    answer = Answer(response.content_type, await _beginning(response), url)
        except Exception as error:  # whatever one customer's address sets off, the others' callbacks go on
            return _Call(Delivery(Fate.FAILED, f"{type(error).__name__}: {error}"))
        return _Call(_meaning_of(status), answer)

    def _call(self, payload: Payload, target: Requested) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Call a URL as the user that it names, by Basic at once, by Digest (RFC 7616) if the server asks for it."""
        address, body = _read_again(target.url), payload.body or None
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


@lru_cache(maxsize=1_000)
def _read_again(url: str) -> URL:
    return URL(url, encoded=True)


def _meaning_of(status: int) -> Delivery:
    if 200 <= status < 300:
        return TAKEN
    again = status == 429 or status >= 500
    return Delivery(Fate.FAILED if again else Fate.REFUSED, f"HTTP {status}")


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Return the body, cut at LONGEST_ANSWER bytes."""
    body = b""
    async for block in response.content.iter_any():
        body += block
        if len(body) >= LONGEST_ANSWER:
            break
    return body[:LONGEST_ANSWER]
