"""Answers that go on: server-sent events (the HTML standard, section 9.2), for progress and for what comes in.

How it works. A stream looks at the store when there is news, and every second besides, because news of other
processes does not come here; where looking takes long, as to count the messages of a large batch, it looks more seldom.
Nothing is kept or told for a stream that nobody reads. What is shown goes out as an event when it differs from what
went out last, and a comment goes out when there was nothing for some seconds, so that proxies keep the connection and
its end is noticed.

A client that is cut off asks again with `Last-Event-ID`. Of progress that is a tag of what was shown, so that only
something else is shown anew; who has seen the end is answered 204, after which browsers do not come again. Of what
comes in it is the last identifier: whatever was committed since goes out, and some seconds before it are looked at once
more, because rows need not be committed in the order of their identifiers. So a message may come twice, and none is
missing.

Each stream has one of the account's places for requests that wait, ends after five minutes at most, and ends as soon as
its key may not ask for it any more.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import NamedTuple

import msgspec
from starlette.responses import Response, StreamingResponse

from heliograph.api import wire
from heliograph.api.etags import tag_of
from heliograph.domain.accounts import Account, Principal
from heliograph.domain.errors import HeliographError
from heliograph.domain.ids import earliest_at, is_id, made_at_ms
from heliograph.domain.instants import now_ms
from heliograph.doors import Call
from heliograph.doors.operations import EVENT_STREAM
from heliograph.services.access import require
from heliograph.services.live import Live

HEADERS = {"Content-Type": EVENT_STREAM, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Nobody keeps a copy, and nginx passes events on as they come, whatever its configuration says of other answers."""
HEARTBEAT_S = 15.0
LOOK_AGAIN_S = 1.0
_RESTING = 20
"""How many times as long as a look took it is at least until the next."""
_OUT_OF_ORDER_MS = 10_000
"""For how long a row may be on its way to its commit while later ones are there already."""
_AT_ONCE = 100
_AGAIN_MS = 1_000
"""When a client that was cut off is to come again."""

Stream = Response
"""An answer that goes on, or one that says that nothing will come."""
Guard = Callable[[], Awaitable[Principal]]


class Shown(NamedTuple):
    """What there is to be told now."""

    events: Sequence[tuple[str, msgspec.Struct]]
    """What is new, each with its identifier."""
    is_over: bool = False
    """Whether nothing will come any more."""
    has_more: bool = False
    """Whether there is more to be told at once."""


Look = Callable[[], Awaitable[Shown]]


class EventStream(StreamingResponse):
    """A stream of events; `guard` finds out anew, while it lasts, who is reading it."""

    guard: Guard | None = None

    def __init__(self, live: Live, account: Account, topic: str, look: Look, *, scope: str, lasts_s: float) -> None:
        """Tell what `look` finds for so many seconds, to who has `scope`. Raises TooManyWaits."""
        live.require_place(account)
        self._live, self._account, self._topic, self._look = live, account, topic, look
        self._scope, self._lasts_s = scope, lasts_s
        super().__init__(self._events(), headers=HEADERS)

    async def _events(self) -> AsyncIterator[bytes]:
        until = time.monotonic() + self._lasts_s
        yield b"retry: %d\n\n" % _AGAIN_MS
        heard = time.monotonic()
        try:
            with self._live.watch(self._account, self._topic) as subscription:
                while True:
                    began = time.monotonic()
                    if self.guard is not None:
                        require(await self.guard(), self._scope)
                    found = await self._look()
                    for identifier, shown in found.events:
                        heard = began
                        yield b"id: %s\ndata: %s\n\n" % (identifier.encode(), msgspec.json.encode(shown))
                    now = time.monotonic()
                    if found.is_over or now >= until:
                        return
                    if now - heard >= HEARTBEAT_S:
                        heard = now
                        yield b": still here\n\n"
                    if not found.has_more:
                        await subscription.wait(min(until - now, max(LOOK_AGAIN_S, _RESTING * (now - began))))
        except HeliographError:  # whoever comes again is told by the answer
            return


async def progress(
    live: Live,
    call: Call[wire.EventsQuery, None],
    topic: str,
    show: Callable[[], Awaitable[tuple[msgspec.Struct, bool]]],
    *,
    scope: str,
) -> Stream:
    """Answer with what is shown of one thing, each time that it is another, until it is over.

    `show` says whether it is. Raises what that raises, and TooManyWaits.
    """
    told = _last_event_id(call)
    first: tuple[msgspec.Struct, bool] | None = await show()
    if first is not None and first[1] and tag_of(first[0]) == told:
        return Response(status_code=204)

    async def look() -> Shown:
        nonlocal told, first
        (shown, is_over), first = first or await show(), None
        tag = tag_of(shown)
        fresh = [] if tag == told else [(tag, shown)]
        told = tag
        return Shown(fresh, is_over)

    return EventStream(live, call.account, topic, look, scope=scope, lasts_s=call.query.timeout_s)


def coming(
    live: Live,
    call: Call[wire.EventsQuery, None],
    topic: str,
    next_after: Callable[[str, int], Awaitable[Sequence[wire.Inbound]]],
    *,
    scope: str,
) -> Stream:
    """Answer with what comes in from now on, or has since `Last-Event-ID`.

    `next_after` finds so many of what is newer than an identifier, the oldest first. Raises TooManyWaits.
    """
    last = _last_event_id(call)
    newest = last if is_id(last) else earliest_at(now_ms())
    first = _before(newest, _OUT_OF_ORDER_MS) if is_id(last) else newest
    told = {last}

    async def look() -> Shown:
        nonlocal newest, told
        fresh: list[tuple[str, msgspec.Struct]] = []
        after = max(first, _before(newest, _OUT_OF_ORDER_MS))
        while len(fresh) < _AT_ONCE and (found := await next_after(after, _AT_ONCE)):
            fresh += [(each.id, each) for each in found if each.id not in told]
            after = found[-1].id
        newest = max(newest, after)
        told = {each for each in told if each > _before(newest, 2 * _OUT_OF_ORDER_MS)} | {each for each, _ in fresh}
        return Shown(fresh, has_more=len(fresh) >= _AT_ONCE)

    return EventStream(live, call.account, topic, look, scope=scope, lasts_s=call.query.timeout_s)


def _last_event_id(call: Call[wire.EventsQuery, None]) -> str:
    """Return the identifier of the last event that a client has; empty if it says none."""
    return call.request.headers.get("last-event-id", "")


def _before(identifier: str, ms: int) -> str:
    """Return the first identifier that could have been made so many milliseconds before another."""
    return earliest_at(made_at_ms(identifier) - ms)
