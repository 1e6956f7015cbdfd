"""Each call of SMS.CX: who asks, what is sent, and what its answer means.

With an application's id and secret an access token is fetched before the first call, and once more when the server does
not take it any longer; a call that is refused with a fresh token is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from heliograph.calling import Call, Request, Response, basic, encoded
from heliograph.calling.documents import from_json
from heliograph.protocols.smscx import wire
from heliograph.protocols.smscx.errors import UnexpectedResponseException, exception_for

T = TypeVar("T")

Argument = str | int | bool | None


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """An API key, an access token, or an application's id and secret."""

    api_key: str = ""
    access_token: str = ""
    application_id: str = ""
    application_secret: str = ""


class Calls:
    """The calls of one account."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._token = credentials.access_token

    def get(self, shape: type[T], *path: str | int, **query: Argument) -> Call[T]:
        return (yield from self._decoded(shape, Request("GET", _path(path), _query(query))))

    def send(self, shape: type[T], method: str, body: msgspec.Struct, *path: str | int) -> Call[T]:
        return (yield from self._decoded(shape, Request(method, _path(path), body=encoded(body))))

    def delete(self, shape: type[T], *path: str | int) -> Call[T]:
        return (yield from self._decoded(shape, Request("DELETE", _path(path))))

    def export(self, *path: str | int, **query: Argument) -> Call[bytes]:
        """Download a file, and return its bytes as they come."""
        return (yield from self._asked(Request("GET", _path(path), _query(query)))).body

    def token(self, scope: str | None) -> Call[wire.applications.TokenReply]:
        form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        request = Request(
            "POST",
            "/oauth/token",
            body=urlencode(form).encode(),
            content_type="application/x-www-form-urlencoded",
            headers={"Authorization": basic(self._credentials.application_id, self._credentials.application_secret)},
            preliminary=True,
        )
        return _read(wire.applications.TokenReply, _checked((yield request)))

    def _decoded(self, shape: type[T], request: Request) -> Call[T]:
        return _read(shape, (yield from self._asked(request)))

    def _asked(self, request: Request) -> Call[Response]:
        renewable = bool(self._credentials.application_id) and not self._credentials.api_key
        fresh = renewable and not self._token
        if fresh:
            self._token = (yield from self.token(None)).access_token
        response = yield self._signed(request)
        if response.status == 401 and renewable and not fresh:
            self._token = (yield from self.token(None)).access_token
            response = yield self._signed(request)
        return _checked(response)

    def _signed(self, request: Request) -> Request:
        headers = {"X-API-KEY": self._credentials.api_key} if self._credentials.api_key else {}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return msgspec.structs.replace(request, headers=headers)


def _checked(response: Response) -> Response:
    if not 200 <= response.status < 300:
        raise exception_for(response.status, response.body, response.headers).about(response)
    return response


def _read(shape: type[T], response: Response) -> T:
    try:
        return from_json(response.body, shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        told = UnexpectedResponseException(f"The answer can't be read: {error}.", status=response.status)
        raise told.about(response) from error


def _path(pieces: tuple[str | int, ...]) -> str:
    if any(piece == "" for piece in pieces):
        raise ValueError("an identifier is empty")
    return "".join(f"/{quote(str(piece), safe='')}" for piece in pieces)


def _query(arguments: Mapping[str, Argument]) -> dict[str, str]:
    """Write the arguments as a query, without those that are None; booleans become True and False."""
    return {name: str(value) for name, value in arguments.items() if value is not None}
