"""Pages on which people sign in, accept an invitation, and look after their password, codes and sessions.

Where there are issuers of OpenID Connect, a button for each leads there, and back to an address of its own; what an
attempt has is in a cookie that is sent to this address only. What was refused there is said on the page of signing in.

A session is a cookie that scripts can't read. A form is taken from pages of this server only: the browser says where it
comes from, and what belongs to a session carries a token made from the session besides.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple
from urllib.parse import quote

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from heliograph.console import screens
from heliograph.console.shell import BACK, COOKIE, ask_to_sign_in, person_form_token, require_own_form, way_back
from heliograph.domain.errors import HeliographError, NotFound, Unauthenticated
from heliograph.domain.people import LASTS_S
from heliograph.doors.bodies import decode_form, read_body
from heliograph.doors.door import address_of
from heliograph.doors.pages import PAGE_HEADERS
from heliograph.services.access import Access, SignedIn
from heliograph.services.audit import acting_as, person_actor
from heliograph.services.federated import LASTS_S as ATTEMPT_S
from heliograph.services.federated import FederatedSigningIn, Halfway
from heliograph.services.signing_in import SigningIn, Started

log = structlog.get_logger(__name__)

ATTEMPT = "heliograph_attempt"
"""The cookie of who is at an issuer."""
LARGEST_FORM = 16 * 1024


class _Form(msgspec.Struct):
    """What any of the forms says."""

    form_token: str = ""
    email: str = ""
    password: str = ""
    new_password: str = ""
    code: str = ""
    session_id: str = ""
    halfway: str = ""


class _Visit(NamedTuple):
    """A request of somebody who signed in."""

    request: Request
    who: SignedIn
    token: str
    form: _Form

    @property
    def address(self) -> str:
        return address_of(self.request) or ""


def person_routes(
    signing_in: SigningIn, federated: FederatedSigningIn, access: Access, public_url: str
) -> list[BaseRoute]:
    """Make the routes of the pages of people; `public_url` is how browsers reach them, if that is known."""
    shown = _People(signing_in, federated.titles, access)
    by_issuer = _ByIssuer(shown, federated, public_url)
    acts: dict[str, Callable[[_Visit], Awaitable[Response]]] = {
        "sign-out": shown.sign_out,
        "password": shown.change_password,
        "totp": shown.begin_totp,
        "totp/confirm": shown.confirm_totp,
        "totp/remove": shown.remove_totp,
        "sessions/end": shown.end_session,
    }
    return [
        Route("/sign-in", shown.sign_in, methods=["GET", "POST"]),
        Route("/sign-in/with/{name}", by_issuer.begin),
        Route("/sign-in/with/{name}/callback", by_issuer.come_back),
        Route("/sign-in/with/{name}/code", by_issuer.give_code, methods=["POST"]),
        Route("/invitation/{token}", shown.invitation, methods=["GET", "POST"]),
        Route("/security", shown.security),
        *(Route(f"/security/{name}", shown.posted(act), methods=["POST"]) for name, act in acts.items()),
    ]


class _People:
    def __init__(self, signing_in: SigningIn, issuers: Mapping[str, str], access: Access) -> None:
        self._signing_in = signing_in
        self._issuers = issuers
        self._access = access

    async def sign_in(self, request: Request) -> Response:
        if request.method != "POST":
            return self.ask()
        form = _Form()
        try:
            form = await _form(request)
            return await self._begun(request, form)
        except Unauthenticated as error:
            wants = error.field == "code"
            problem = "" if wants and not form.code else error.message
            return self.ask(form.email, problem, 200 if not problem else 401, wants_code=wants)
        except HeliographError as error:
            return self.ask(form.email, f"{error.message} {error.hint}", error.http_status)

    def ask(self, email: str = "", problem: str = "", status: int = 200, *, wants_code: bool = False) -> Response:
        """Show how one signs in."""
        return _html(screens.sign_in_page(email, problem, self._issuers, wants_code=wants_code), status)

    async def _begun(self, request: Request, form: _Form) -> Response:
        started = await self._signing_in.sign_in(
            form.email,
            form.password,
            form.code or None,
            address=address_of(request) or "",
            agent=_agent(request),
        )
        return _let_in(request, started)

    async def invitation(self, request: Request) -> Response:
        token, email = str(request.path_params["token"]), None
        try:
            email = await self._signing_in.invited(token)
            if request.method != "POST":
                return _html(screens.invitation_page(email))
            form = await _form(request)
            await self._signing_in.accept(token, form.password)
            return await self._begun(request, msgspec.structs.replace(form, email=email, code=""))
        except NotFound:
            return _html(screens.invitation_page(None), 404)
        except HeliographError as error:
            return _html(screens.invitation_page(email, error.message), error.http_status)

    async def security(self, request: Request) -> Response:
        token = request.cookies.get(COOKIE, "")
        try:
            who = await self._access.signed_in(token, address=address_of(request))
        except Unauthenticated:
            return ask_to_sign_in(request, "/security")
        return await self._shown(_Visit(request, who, token, _Form()))

    def posted(self, act: Callable[[_Visit], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Do what a form asks for, if it comes from a page of the session that is asked in."""

        async def guarded(request: Request) -> Response:
            token = request.cookies.get(COOKIE, "")
            try:
                who = await self._access.signed_in(token, address=address_of(request))
                form = await _form(request)
            except Unauthenticated:
                return RedirectResponse("/sign-in", 303, PAGE_HEADERS)
            except HeliographError as error:
                return Response(error.message, error.http_status, PAGE_HEADERS, "text/plain")
            if not hmac.compare_digest(form.form_token.encode(), person_form_token(token).encode()):
                return Response("This page is out of date; load it again.", 403, PAGE_HEADERS, "text/plain")
            visit = _Visit(request, who, token, form)
            try:
                with acting_as(person_actor(who.person, visit.address)):
                    return await act(visit)
            except HeliographError as error:
                return await self._shown(visit, status=error.http_status, problem=error.message)

        return guarded

    async def _shown(
        self,
        visit: _Visit,
        *,
        status: int = 200,
        problem: str = "",
        secret: tuple[str, str] | None = None,
        codes: tuple[str, ...] = (),
    ) -> Response:
        who = await self._access.signed_in(visit.token, address=visit.address)
        sessions = await self._signing_in.sessions(who.person.id)
        page = screens.security_page(
            who.person,
            sessions,
            who.session_id,
            person_form_token(visit.token),
            problem=problem,
            secret=secret,
            codes=codes,
        )
        return _html(page, status)

    async def sign_out(self, visit: _Visit) -> Response:
        await self._signing_in.end(visit.who.person.id, visit.who.session_id)
        response = RedirectResponse("/sign-in", 303, PAGE_HEADERS)
        response.delete_cookie(COOKIE)
        return response

    async def change_password(self, visit: _Visit) -> Response:
        form, who = visit.form, visit.who
        await self._signing_in.change_password(
            who.person.id, form.password, form.new_password, session_id=who.session_id, address=visit.address
        )
        return RedirectResponse("/security", 303, PAGE_HEADERS)

    async def begin_totp(self, visit: _Visit) -> Response:
        secret = await self._signing_in.begin_totp(visit.who.person.id, visit.form.password, address=visit.address)
        return await self._shown(visit, secret=secret)

    async def confirm_totp(self, visit: _Visit) -> Response:
        codes = await self._signing_in.confirm_totp(visit.who.person.id, visit.form.code)
        return await self._shown(visit, codes=tuple(codes))

    async def remove_totp(self, visit: _Visit) -> Response:
        await self._signing_in.remove_totp(visit.who.person.id, visit.form.password, address=visit.address)
        return RedirectResponse("/security", 303, PAGE_HEADERS)

    async def end_session(self, visit: _Visit) -> Response:
        await self._signing_in.end(visit.who.person.id, visit.form.session_id)
        return RedirectResponse("/security", 303, PAGE_HEADERS)


class _ByIssuer:
    """Pages between here and an issuer of OpenID Connect."""

    def __init__(self, shown: _People, federated: FederatedSigningIn, public_url: str) -> None:
        self._shown = shown
        self._federated = federated
        self._public_url = public_url

    async def begin(self, request: Request) -> Response:
        try:
            leads_to, cookie = await self._federated.begin(_issuer(request), self._comes_back_to(request))
        except HeliographError as error:
            return self._refused(request, error)
        response = RedirectResponse(leads_to, 303, PAGE_HEADERS)
        _set_cookie(request, response, ATTEMPT, cookie, ATTEMPT_S, _place(request))
        return response

    async def come_back(self, request: Request) -> Response:
        response = await self._came_back(request)
        response.delete_cookie(ATTEMPT, _place(request))
        return response

    async def _came_back(self, request: Request) -> Response:
        try:
            outcome = await self._federated.finish(
                _issuer(request),
                request.cookies.get(ATTEMPT, ""),
                request.query_params,
                self._comes_back_to(request),
                address=address_of(request) or "",
                agent=_agent(request),
            )
        except HeliographError as error:
            return self._refused(request, error)
        if isinstance(outcome, Halfway):
            return _html(screens.issuer_code_page(_issuer(request), outcome.sealed))
        return _let_in(request, outcome)

    async def give_code(self, request: Request) -> Response:
        try:
            form = await _form(request)
        except HeliographError as error:
            return self._refused(request, error)
        try:
            started = await self._federated.finish_with_code(
                form.halfway, form.code, address=address_of(request) or "", agent=_agent(request)
            )
        except Unauthenticated as error:
            if error.field != "code":
                return self._refused(request, error)
            return _html(screens.issuer_code_page(_issuer(request), form.halfway, error.message), error.http_status)
        except HeliographError as error:
            return self._refused(request, error)
        return _let_in(request, started)

    def _comes_back_to(self, request: Request) -> str:
        """Return the address that the issuer sends the browser back to, and knows beforehand."""
        here = self._public_url or f"{request.url.scheme}://{request.url.netloc}"
        return f"{here}{_place(request)}/callback"

    def _refused(self, request: Request, error: HeliographError) -> Response:
        log.warning("nobody signed in", issuer=_issuer(request), reason=error.message, **error.facts)
        return self._shown.ask(problem=error.message, status=error.http_status)


def _issuer(request: Request) -> str:
    return str(request.path_params["name"])


def _place(request: Request) -> str:
    return f"/sign-in/with/{quote(_issuer(request), safe='')}"


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")


def _let_in(request: Request, started: Started) -> Response:
    response = RedirectResponse(way_back(request), 303, PAGE_HEADERS)
    _set_cookie(request, response, COOKIE, started.token, LASTS_S)
    response.delete_cookie(BACK)
    return response


def _set_cookie(request: Request, response: Response, name: str, value: str, lasts_s: int, path: str = "/") -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, lasts_s, path=path, httponly=True, samesite="lax", secure=secure)


async def _form(request: Request) -> _Form:
    """Read a form of a page of ours. Raises Unauthenticated for one of another site, and what a form can't be."""
    require_own_form(request)
    form: _Form = decode_form(await read_body(request, LARGEST_FORM), _Form)
    return form


def _html(page: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(page, status, PAGE_HEADERS)
