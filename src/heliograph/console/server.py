"""The inbox over HTTP: a page, its live updates, and the box to reply from a phone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from heliograph.console import screens
from heliograph.console.live import EVENT_HEADERS, HEARTBEAT_S, event_of
from heliograph.console.sessions import Sessions
from heliograph.console.visits import Typed
from heliograph.domain.errors import HeliographError, ShuttingDown
from heliograph.doors.bodies import in_our_words, read_body
from heliograph.doors.pages import PAGE_HEADERS
from heliograph.numbers import Check, InvalidNumber, normalise
from heliograph.sandbox.chaos import Chaos
from heliograph.sandbox.phones import Phones

LOOK_AGAIN_S = 0.5
"""How soon a change of status shows, in seconds; what happens on phones shows at once."""
LARGEST_FORM = 64 * 1024


class Asked(TypedDict):
    """What the address of the list says: which phones."""

    words: str
    before: str | None


def console_path(key: str) -> str:
    """Return the path of the address that lets whoever has this key in, from the root of the server."""
    return f"/login?key={quote(key)}"


def static_files() -> Mount:
    """Make the route of what pages of the console refer to."""
    return Mount("/console/static", _Files(directory=Path(__file__).parent / "static"))


def console_routes(phones: Phones, sessions: Sessions) -> list[BaseRoute]:
    """Make the routes of the sandbox's phones, and of the link that opens them."""
    console = _Console(phones, sessions)
    return [
        Route("/", console.home),
        Route("/login", console.login),
        Route("/inbox", console.for_session(console.inbox)),
        Route("/inbox/open", console.for_session(console.open_phone)),
        Route("/inbox/clear", console.for_form(console.clear), methods=["POST"]),
        Route("/inbox/chaos", console.for_session(console.chaos), methods=["GET"]),
        Route("/inbox/chaos", console.for_form(console.set_chaos), methods=["POST"]),
        Route("/inbox/events", console.for_session(console.events)),
        Route("/inbox/{msisdn}", console.for_session(console.inbox)),
        Route("/inbox/{msisdn}/clear", console.for_form(console.clear), methods=["POST"]),
        Route("/inbox/{msisdn}/replies", console.for_form(console.reply), methods=["POST"]),
    ]


class _Files(StaticFiles):
    """Static files. What is not there is answered with 404: nothing above would make an answer of an exception."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            return await super().get_response(path, scope)
        except HTTPException as error:
            return Response(status_code=error.status_code, headers=error.headers)
        except ValueError:  # U+0000, which no file system would look for
            return Response(status_code=404)


_Page = Callable[[Request, str], Awaitable[Response]]
_Form = Callable[[Request, str, Typed], Awaitable[Response]]


class _Console:
    def __init__(self, phones: Phones, sessions: Sessions) -> None:
        self._phones = phones
        self._sessions = sessions

    async def home(self, _request: Request) -> Response:
        return RedirectResponse("/inbox", 303)

    async def login(self, request: Request) -> Response:
        if not await self._sessions.opens(request.query_params.get("key", "")):
            return _html(screens.closed_page(), 401)
        response = RedirectResponse("/inbox", 303, PAGE_HEADERS)
        await self._sessions.begin(request, response)
        return response

    def for_session(self, page: _Page) -> Callable[[Request], Awaitable[Response]]:
        """Show a page only to whoever came by the link."""

        async def guarded(request: Request) -> Response:
            session = await self._sessions.of(request)
            return _html(screens.closed_page(), 401) if session is None else await page(request, session)

        return guarded

    def for_form(self, page: _Form) -> Callable[[Request], Awaitable[Response]]:
        """Do what a form of this session asks for. What can't be done is told in a sentence."""

        async def posted(request: Request, session: str) -> Response:
            try:
                typed = Typed(await read_body(request, LARGEST_FORM))
                if await self._sessions.posted_by(session, typed.text("form_token")):
                    return await page(request, session, typed)
            except HeliographError as error:
                return Response(f"{error.message} {error.hint}", 422, PAGE_HEADERS, "text/plain")
            return Response("This page is out of date; load it again.", 403, PAGE_HEADERS, "text/plain")

        return self.for_session(posted)

    async def inbox(self, request: Request, session: str) -> Response:
        named = request.path_params.get("msisdn")
        chosen = _chosen(named)
        if named is not None and chosen is None:
            return Response(status_code=404)
        entries = await self._phones.thread(chosen) if chosen else []
        asked = _asked(request)
        found = await self._phones.contacts(**asked)
        return _html(screens.inbox_page(found, chosen, entries, await self._sessions.form_token(session), **asked))

    async def open_phone(self, request: Request, _session: str) -> Response:
        """Go to the phone whose number was typed, or to those that have what was typed in their number or a message."""
        typed = request.query_params.get("number", "").strip()
        try:
            return RedirectResponse(f"/inbox/{normalise(typed, check=Check.SHAPE)}", 303)
        except InvalidNumber:
            digits = "".join(filter(str.isdecimal, typed))
            words = digits if digits and not any(map(str.isalpha, typed)) else typed
            return RedirectResponse(f"/inbox?q={quote(words)}" if words else "/inbox", 303)

    async def clear(self, request: Request, _session: str, _typed: Typed) -> Response:
        """Take the messages off a phone, or off all."""
        named = request.path_params.get("msisdn")
        if named is not None and _chosen(named) is None:
            return Response(status_code=404)
        await self._phones.clear(None, _chosen(named))
        return RedirectResponse("/inbox" if named is None else f"/inbox/{named}", 303)

    async def chaos(self, _request: Request, session: str) -> Response:
        """Show how the network misbehaves."""
        return _html(screens.chaos_page(self._phones.chaos, await self._sessions.form_token(session)))

    async def set_chaos(self, _request: Request, session: str, typed: Typed) -> Response:
        """Have the network misbehave as the form says; what it does not say stays."""
        said = {name: typed.text(name) for name in typed.fields if name in Chaos.__struct_fields__}
        try:
            chaos = msgspec.convert(msgspec.to_builtins(self._phones.chaos) | said, Chaos, strict=False)
        except msgspec.ValidationError as error:
            token, problem = await self._sessions.form_token(session), in_our_words(error).message
            return _html(screens.chaos_page(self._phones.chaos, token, problem=problem), 422)
        await self._phones.set_chaos(chaos)
        return RedirectResponse("/inbox/chaos", 303)

    async def reply(self, request: Request, _session: str, typed: Typed) -> Response:
        """Send what was written on a phone: 204 when it is on its way."""
        await self._phones.reply(None, str(request.path_params["msisdn"]), typed.text("to"), typed.raw("text"))
        return Response(status_code=204)

    async def events(self, request: Request, _session: str) -> Response:
        chosen = _chosen(request.query_params.get("phone"))
        fragments = self._fragments(chosen, _asked(request))
        return StreamingResponse(fragments, media_type="text/event-stream", headers=EVENT_HEADERS)

    async def _fragments(self, chosen: str | None, asked: Asked) -> AsyncIterator[str]:
        """Send the parts of the page that changed, each time they do, until the browser leaves or the server stops."""
        shown: dict[str, str] = {}
        quiet_s = 0.0
        with self._phones.listen() as subscription, suppress(ShuttingDown):
            while True:
                found = await self._phones.contacts(**asked)
                fragments = {"contacts": screens.contacts_fragment(found.items, chosen)}
                if chosen is not None:
                    fragments["thread"] = screens.thread_fragment(await self._phones.thread(chosen))
                changed = {name: html for name, html in fragments.items() if shown.get(name) != html}
                for name, html in changed.items():
                    yield event_of(name, html)
                shown |= changed
                quiet_s = 0.0 if changed else quiet_s + LOOK_AGAIN_S
                if quiet_s >= HEARTBEAT_S:
                    quiet_s = 0.0
                    yield ": still here\n\n"
                await subscription.wait(LOOK_AGAIN_S)


def _chosen(value: object) -> str | None:
    """Read the phone that an address names; None if that is not a number."""
    try:
        return normalise(str(value), check=Check.SHAPE)
    except InvalidNumber:
        return None


def _asked(request: Request) -> Asked:
    query = {name: value.replace("\0", "") for name, value in request.query_params.items()}
    return Asked(words=query.get("q", "").strip(), before=query.get("before") or None)


def _html(page: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(page, status, PAGE_HEADERS)
