"""Pages that change while somebody looks: their parts are sent again, each time one of them is another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from starlette.responses import Response, StreamingResponse

from heliograph.console.visits import Visit
from heliograph.domain.errors import HeliographError, ShuttingDown
from heliograph.doors.pages import PAGE_HEADERS

HEARTBEAT_S = 15.0
EVENT_HEADERS = {**PAGE_HEADERS, "X-Accel-Buffering": "no"}
"""nginx passes events on as they come, whatever its configuration says of other answers."""
LOOK_AGAIN_S = 1.0
"""How often a page is looked at although no news came, in seconds."""
OVER = "over"
"""The event after which a page is loaded anew: whoever looks may not see it any more, or it has come to an end."""

Fragments = Callable[[], Awaitable[Mapping[str, str]]]
"""Renders the parts of a page that change, by the names of their events; none at all: it has come to an end."""


def live(visit: Visit, topic: str, fragments: Fragments) -> Response:
    """Answer with the parts of a page as server-sent events, until the browser leaves, or may not look any more."""
    return StreamingResponse(_events(visit, topic, fragments), media_type="text/event-stream", headers=EVENT_HEADERS)


async def _events(visit: Visit, topic: str, fragments: Fragments) -> AsyncIterator[str]:
    shown: dict[str, str] = {}
    quiet_s = 0.0
    try:
        with visit.services.live.watch(visit.account, topic) as subscription:
            while True:
                found = await fragments()
                changed = {name: html for name, html in found.items() if shown.get(name) != html}
                for name, html in changed.items():
                    yield event_of(name, html)
                if not found:
                    break
                shown |= changed
                quiet_s += LOOK_AGAIN_S
                if quiet_s >= HEARTBEAT_S:
                    quiet_s = 0.0
                    await visit.look_again()
                    yield ": still here\n\n"
                await subscription.wait(LOOK_AGAIN_S)
    except ShuttingDown:
        return  # the browser asks again, and finds the next process
    except HeliographError:  # the session has ended, or what is looked at is gone
        pass
    yield event_of(OVER, "")


def event_of(name: str, html: str) -> str:
    """Write an event with a part of a page."""
    lines = "".join(f"data: {line}\n" for line in html.replace("\r", "&#13;").split("\n"))
    return f"event: {name}\n{lines}\n"
