"""The one way to every page of an account: who it is, what they may do there, and whether a form is one of ours.

A person comes by a session, and may do at an account what their role there allows. In a sandbox that nobody has been
invited to, whoever came by the printed link may do everything at every account. A page is found by its account in the
address, so that an address can be handed on: `/console/ACCOUNT/messages`. An account that is not there, or that is
somebody else's, is answered alike.

Whoever has no session any more is asked to sign in, and then led back to where they were (`BACK`).
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from urllib.parse import quote, urlsplit

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from heliograph.console.navigation import PAGES, SECTIONS
from heliograph.console.rendering import render
from heliograph.console.sessions import Sessions
from heliograph.console.visits import (
    FORM_TOKEN,
    LARGEST_FORM,
    PLACE,
    Choice,
    Page,
    Typed,
    View,
    Visit,
    Visitor,
    address_of,
)
from heliograph.domain.accounts import ADMINISTRATORS, Account
from heliograph.domain.audit import Actor, ActorKind
from heliograph.domain.errors import AccessError, HeliographError, NotFound, ScopeMissing, Unauthenticated
from heliograph.domain.people import SCOPES, Role
from heliograph.doors.bodies import read_body
from heliograph.doors.door import address_of as caller_of
from heliograph.doors.door import request_id_of
from heliograph.doors.pages import PAGE_HEADERS
from heliograph.services.audit import acting_as, person_actor
from heliograph.services.services import Services

log = structlog.get_logger(__name__)

COOKIE = "heliograph_person"
"""The cookie of a person's session."""
BACK = "heliograph_back"
"""The cookie with the page that somebody is led back to once they have signed in."""
BACK_S = 3_600
EVENTS = "/events"
"""How addresses end that are no pages but answer with what changes on one."""
LAST = "heliograph_account"
"""The cookie with the account that was looked at last."""
_MOST_ACCOUNTS = 200
"""How many accounts an administrator can choose among; others are reached by their address."""


def person_form_token(token: str) -> str:
    """Return what forms of a person's pages carry, made of the token of their session."""
    return hmac.digest(token.encode(), b"form", "sha256").hex()


def require_own_form(request: Request) -> None:
    """Check that a form was not posted by a page of another site. Raises Unauthenticated."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    foreign = site not in {None, "same-origin", "none"}
    if foreign or (site is None and origin is not None and urlsplit(origin).netloc != request.headers.get("host")):
        raise Unauthenticated("The form comes from another site.")


def way_back(request: Request) -> str:
    """Return where somebody who has signed in is led: to a page of the console only."""
    wanted = request.cookies.get(BACK, "")
    inside = (
        wanted.startswith((f"{PLACE}/", "/security"))
        and wanted.isascii()
        and wanted.isprintable()
        and "\\" not in wanted
    )
    return wanted if inside else PLACE


def ask_to_sign_in(request: Request, place: str) -> Response:
    """Lead somebody to where they can say who they are, and then to a page of the console."""
    response = RedirectResponse("/sign-in", 303, PAGE_HEADERS)
    secure = request.url.scheme == "https"
    response.set_cookie(BACK, place, BACK_S, httponly=True, samesite="lax", secure=secure)
    return response


def page_of(request: Request, page: Page, view: View) -> str:
    """Return the address of the page that a request came from, as far as it is known.

    A form may be posted to an address below its page. One that is posted to the page itself is to be filled in again by
    the browser, which has kept what was typed: the address says so.
    """
    shown = {each.path for each in page.views if each.method == "GET" and not each.path.endswith(EVENTS)}
    if view.method == "GET" and view.path in shown:
        return address_of(request)
    path, template = quote(request.url.path), view.path
    while template and template not in shown:
        path, template = path.rpartition("/")[0], template.rpartition("/")[0]
    return f"{path}?typed" if template == view.path and view.method != "GET" else path


def shell_routes(services: Services, link: Sessions | None, public_url: str) -> list[BaseRoute]:
    """Make the routes of all pages of accounts.

    `link` has who came by the link of a sandbox; `public_url` is how browsers reach them, if that is known.
    """
    shell = _Shell(services, link, public_url)
    return [
        *([Route("/", shell.home)] if link is None else []),
        Route(PLACE, shell.home),
        Route(f"{PLACE}/{{account}}", shell.home),
        *(
            Route(f"{PLACE}/{{account}}{view.path}", partial(shell.serve, page, view), methods=[view.method])
            for page in PAGES
            for view in page.views
        ),
        Route(f"{PLACE}/{{account}}/{{rest:path}}", shell.nothing, methods=["GET", "POST"]),
    ]


class _Shell:
    def __init__(self, services: Services, link: Sessions | None, public_url: str) -> None:
        self._services = services
        self._link = link
        self._public_url = public_url

    async def home(self, request: Request) -> Response:
        """Lead to the first page of an account: the one that is named, the last one, or any."""
        try:
            accounts = await self._accounts(request)
        except Unauthenticated:
            return await self._ask_in(request, PLACE)
        wanted = request.path_params.get("account") or request.cookies.get(LAST, "")
        ids = [account.id for account in accounts]
        if not ids:
            return HTMLResponse(render("no_account.html"), 200, PAGE_HEADERS)
        chosen = wanted if wanted in ids or "account" in request.path_params else ids[0]
        return RedirectResponse(f"{PLACE}/{chosen}{SECTIONS[0].pages[0].views[0].path}", 303, PAGE_HEADERS)

    async def nothing(self, request: Request) -> Response:
        """Say that there is no such page, to whoever may see the account."""
        return await self.serve(Page("nothing", ()), View("", "", _not_found, request.method), request)

    async def serve(self, page: Page, view: View, request: Request) -> Response:
        """Show a page, or do what its form says, for whoever may."""
        try:
            visitor = await self._visitor(request, str(request.path_params["account"]))
        except Unauthenticated:
            return await self._ask_in(request, page_of(request, page, view))
        except (AccessError, NotFound):
            return HTMLResponse(render("no_account.html", named=True), 404, PAGE_HEADERS)
        look_again = partial(self._let_in, request, view)
        visit = self._visit(request, visitor, page, Typed(), look_again)
        try:
            _require_scope(visitor, view)
            if view.method != "GET":
                require_own_form(request)
                typed = await _typed(request, view)
                visit = self._visit(request, visitor, page, typed, look_again)
                if not hmac.compare_digest(typed.text("form_token").encode(), visitor.form_token.encode()):
                    return visit.page("out_of_date.html", 403)
            with acting_as(visitor.actor):
                response = await view.handle(visit)
        except ClientDisconnect:
            return Response(status_code=400)
        except HeliographError as error:
            return visit.page("problem.html", error.http_status, error=error)
        except Exception:
            log.exception("page failed", page=page.name, request_id=request_id_of(request))
            return visit.page("problem.html", 500, error=None)
        if request.cookies.get(LAST) != visitor.account.id:
            response.set_cookie(LAST, visitor.account.id, 365 * 86_400, path=PLACE, httponly=True, samesite="lax")
        return response

    async def _let_in(self, request: Request, view: View) -> Visitor:
        """Find out who asks for a page that they may see. Raises a HeliographError for anybody else."""
        visitor = await self._visitor(request, str(request.path_params["account"]))
        _require_scope(visitor, view)
        return visitor

    def _visit(
        self, request: Request, visitor: Visitor, page: Page, typed: Typed, look_again: Callable[[], Awaitable[object]]
    ) -> Visit:
        frame = {
            "page": page,
            "visitor": visitor,
            "sections": [
                (section.name, shown)
                for section in SECTIONS
                if (shown := [each for each in section.pages if each.views[0].scope in visitor.scopes])
            ],
            "sandbox": self._link is not None,
        }
        return Visit(request, visitor, self._services, typed, frame, look_again, self._public_url)

    async def _ask_in(self, request: Request, place: str) -> Response:
        """Send somebody who is not known to where they can say who they are."""
        if self._link is not None and await self._nobody_signs_in():
            return HTMLResponse(render("closed.html"), 401, PAGE_HEADERS)
        if "hx-request" in request.headers:
            return Response(None, 401, PAGE_HEADERS)  # what is being typed stays where it is
        return ask_to_sign_in(request, place)

    async def _nobody_signs_in(self) -> bool:
        return not await self._services.people.page(limit=1)

    async def _by_link(self, request: Request) -> str | None:
        """Return the form token of who came by the link of a sandbox; None if that opens nothing."""
        session = None if self._link is None else await self._link.of(request)
        if self._link is None or session is None or not await self._nobody_signs_in():
            return None
        return await self._link.form_token(session)

    async def _accounts(self, request: Request) -> Sequence[Choice]:
        """List the accounts where somebody may see something. Raises Unauthenticated."""
        if await self._by_link(request) is not None:
            return await self._all_accounts()
        who = await self._services.access.signed_in(request.cookies.get(COOKIE, ""), address=caller_of(request))
        if who.person.is_administrator:
            return await self._all_accounts()
        return [Choice(held.account_id, held.account_name) for held in who.person.roles]

    async def _all_accounts(self) -> Sequence[Choice]:
        newest_first = await self._services.account_admin.page(limit=_MOST_ACCOUNTS)
        open_ones = [each for each in newest_first[::-1] if each.closed_at is None and each.name != ADMINISTRATORS]
        return [Choice(each.id, each.name) for each in open_ones]

    async def _visitor(self, request: Request, account_id: str) -> Visitor:
        """Find out who asks. Raises Unauthenticated; AccessError or NotFound for an account that is not theirs."""
        address, services = caller_of(request), self._services
        if (form_token := await self._by_link(request)) is not None:
            account = await services.accounts.named(account_id)
            _require_shown(account, account_id)
            actor = Actor(kind=ActorKind.COMMAND, name="link of the console", address=address)
            return Visitor("", account, SCOPES[Role.ADMINISTRATOR], await self._all_accounts(), form_token, actor)
        token = request.cookies.get(COOKIE, "")
        principal = await services.access.session(token, account_id, address=address)
        _require_shown(principal.account, account_id)
        person = (await services.access.signed_in(token, address=address)).person
        return Visitor(
            person.email,
            principal.account,
            principal.scopes,
            await self._accounts(request),
            person_form_token(token),
            person_actor(person, address),
        )


async def _typed(request: Request, view: View) -> Typed:
    if not view.takes_file:
        return Typed(await read_body(request, LARGEST_FORM))
    fields = {name: value.replace("\0", "") for name, value in request.query_params.items()}
    return Typed(values={**fields, "form_token": request.headers.get(FORM_TOKEN, "")})


def _require_scope(visitor: Visitor, view: View) -> None:
    if view.scope and view.scope not in visitor.scopes:
        raise ScopeMissing(f"Your role at {visitor.account.name} does not let you do this.")


def _require_shown(account: Account, account_id: str) -> None:
    """Check that an account was named by its identifier, and is open. Raises NotFound."""
    if account.id != account_id or account.closed_at is not None:
        raise NotFound


async def _not_found(_visit: Visit) -> Response:
    raise NotFound("There is nothing at this address.")
