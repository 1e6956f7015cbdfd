"""A visit: one request for a page of an account, by somebody who may see it."""

from __future__ import annotations

import base64
import hmac
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl, quote
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from heliograph.console.rendering import render
from heliograph.domain.accounts import Account
from heliograph.domain.audit import Actor
from heliograph.domain.errors import HeliographError, MalformedRequest
from heliograph.doors.bodies import require_few_fields
from heliograph.doors.pages import PAGE_HEADERS
from heliograph.services.services import Services

PLACE = "/console"
FLASH = "heliograph_flash"
"""The cookie with what the next page says was done."""
FORM_TOKEN = "X-Form-Token"  # noqa: S105 - the name of a header
"""The header with the token of a form whose body is a file."""
ZONE = "heliograph_zone"
"""The cookie in which the browser says in which time zone it is."""
_LARGEST_COOKIE = 4_000
"""Octets of a cookie's value: browsers drop cookies of more than 4,096 with their name (RFC 6265, 6.1)."""
LARGEST_FORM = 4 * 1024 * 1024
"""Octets: the numbers of a large batch, as somebody pastes them."""


class Choice(NamedTuple):
    """An account that somebody can choose."""

    id: str
    name: str


class Visitor(NamedTuple):
    """Who came, and what they may do at the account that they chose."""

    name: str
    """The e-mail address of a person; empty for who came by the link of a sandbox."""
    account: Account
    scopes: frozenset[str]
    accounts: Sequence[Choice]
    """All accounts where they may see something, as many as can be shown."""
    form_token: str
    actor: Actor


class Undo(msgspec.Struct, frozen=True):
    """What takes back what was done: a form, by the place that it is posted to and its fields."""

    path: str
    fields: Mapping[str, str] = {}


class Flash(msgspec.Struct, frozen=True):
    """What the next page says was done."""

    text: str
    """The name of a text of the catalogue."""
    values: Mapping[str, str | int] = {}
    undo: Undo | None = None


class Typed:
    """What was typed into a form, and what is wrong with it, by field."""

    def __init__(self, body: bytes = b"", values: Mapping[str, str] | None = None) -> None:
        """Read a form; or take `values` for one that is shown first. Raises MalformedRequest for what is no form."""
        require_few_fields(body)
        try:
            pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True)
        except ValueError as error:
            raise MalformedRequest("The body is not a form.") from error
        self._values: dict[str, list[str]] = {name: [value] for name, value in (values or {}).items()}
        for name, value in pairs:
            if "\0" in value:
                raise MalformedRequest("Text may not contain the character U+0000.")
            self._values.setdefault(name, []).append(value)
        self.problems: dict[str, str] = {}

    def text(self, name: str) -> str:
        """Return what is in a field, without spaces around it; empty if nothing is."""
        return self._values.get(name, [""])[-1].strip()

    def raw(self, name: str) -> str:
        """Return what is in a field of several lines as it was typed; browsers end lines with CR and LF."""
        return self._values.get(name, [""])[-1].replace("\r\n", "\n")

    @property
    def fields(self) -> Mapping[str, Sequence[str]]:
        """Return all that was typed, by field."""
        return self._values

    def put(self, name: str, value: str) -> None:
        """Put something else into a field than was typed."""
        self._values[name] = [value]

    def clear(self) -> None:
        """Forget what was typed, because it was done."""
        self._values.clear()

    def all(self, name: str) -> list[str]:
        """Return all that was chosen in a field."""
        return list(self._values.get(name, ()))

    def refuse(self, error: HeliographError, *, at: str = "", fields: Mapping[str, str] | None = None) -> None:
        """Note what is wrong at the field that the error names.

        `fields` says which field of the form that is, where they are named differently, and `at` which if the error
        names none.
        """
        field = error.field or at
        field = (fields or {}).get(field, field)
        self.problems[field if field in self._values else ""] = f"{error.message} {error.hint}".strip()


class Visit(NamedTuple):
    """What a page gets, and what it answers with."""

    request: Request
    visitor: Visitor
    services: Services
    typed: Typed
    """What was posted; empty for a page that is only looked at."""
    frame: Mapping[str, object]
    """What the layout shows around every page."""
    look_again: Callable[[], Awaitable[object]]
    """Finds out who asks once more. Raises a HeliographError if they may not see the page any more."""
    public_url: str = ""
    """How browsers reach this server, without a slash at the end; empty if nobody has said so."""

    @property
    def account(self) -> Account:
        return self.visitor.account

    @property
    def here(self) -> str:
        """Return how browsers reach this server: as the settings say, or else as this one did."""
        return self.public_url or f"{self.request.url.scheme}://{self.request.url.netloc}"

    @property
    def query(self) -> Mapping[str, str]:
        """Return the query of the address; of a field that is there several times, the last."""
        return {name: value.replace("\0", "") for name, value in self.request.query_params.items()}

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of the browser; UTC if it does not say."""
        try:
            return ZoneInfo(self.request.cookies.get(ZONE, "UTC").replace("%2F", "/"))
        except (ValueError, OSError):  # it is no zone, or no name of a file could be
            return ZoneInfo("UTC")

    def may(self, scope: str) -> bool:
        """Say whether the visitor has a scope."""
        return scope in self.visitor.scopes

    def place(self, path: str = "") -> str:
        """Return the address of a page of this account."""
        return f"{PLACE}/{self.account.id}{path}"

    def named(self, parameter: str) -> str:
        """Return what the address of this page names."""
        return str(self.request.path_params[parameter]).replace("\0", "")

    def page(self, template: str, status: int = 200, /, **values: object) -> Response:
        """Answer with a page."""
        said = _opened(self.request.cookies.get(FLASH, ""), self.visitor.form_token)
        shown = {**self.frame, "visit": self, "account": self.account, "flash": said, "typed": self.typed}
        response = HTMLResponse(render(template, **shown, **values), status, PAGE_HEADERS)
        if FLASH in self.request.cookies:
            response.delete_cookie(FLASH, PLACE)
        return response

    def fragment(self, template: str, **values: object) -> Response:
        """Answer with a part of a page."""
        return HTMLResponse(self.rendered(template, **values), 200, PAGE_HEADERS)

    def rendered(self, template: str, **values: object) -> str:
        """Render a part of a page."""
        return render(template, visit=self, account=self.account, typed=self.typed, **values)

    def go(self, path: str, flash: Flash | None = None) -> Response:
        """Answer what was posted: show another page of this account, which says what was done."""
        response = RedirectResponse(self.place(path), 303, PAGE_HEADERS)
        if flash is not None:
            sealed = _closed(flash, self.visitor.form_token)
            if len(sealed) > _LARGEST_COOKIE:  # better said without a way back than not said
                sealed = _closed(msgspec.structs.replace(flash, undo=None), self.visitor.form_token)
            response.set_cookie(FLASH, sealed, 60, path=PLACE, httponly=True, samesite="lax")
        return response


Handler = Callable[[Visit], Awaitable[Response]]


class View(NamedTuple):
    """An address of a page, and who may ask there."""

    path: str
    """Below the account, such as `/messages/{message_id}`."""
    scope: str
    handle: Handler
    method: str = "GET"
    takes_file: bool = False
    """What is posted is a file: the fields stand in the address, and the token in the header FORM_TOKEN."""


class Page(NamedTuple):
    """A page of the console with all its addresses. Its first is where the navigation leads."""

    name: str
    """The name of its texts and templates; `shell.nav_NAME` is what the navigation calls it."""
    views: Sequence[View]


def address_of(request: Request) -> str:
    """Return the path and the query of a page, to come back to."""
    return quote(request.url.path) + (f"?{request.url.query}" if request.url.query else "")


def _closed(flash: Flash, key: str) -> str:
    content = base64.urlsafe_b64encode(zlib.compress(msgspec.json.encode(flash), 9))
    return content.decode() + "." + hmac.digest(key.encode(), content, "sha256").hex()


def _opened(sealed: str, key: str) -> Flash | None:
    content, _, seal = sealed.partition(".")
    if not seal or not hmac.compare_digest(hmac.digest(key.encode(), content.encode(), "sha256").hex(), seal):
        return None
    return msgspec.json.decode(zlib.decompress(base64.urlsafe_b64decode(content)), type=Flash)
