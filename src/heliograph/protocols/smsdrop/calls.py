"""Each call of smsdrop: what is sent, and what its answer means (reference: smsdrop.md, sections 2 to 6)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from heliograph.calling import Call, Request, Response, encoded
from heliograph.calling.documents import from_json
from heliograph.protocols.smsdrop import model, wire
from heliograph.protocols.smsdrop.errors import (
    BadCredentialsError,
    BadTokenError,
    InsufficientSmsError,
    ServerError,
    UnexpectedResponseError,
    ValidationError,
)

T = TypeVar("T")

_NOT_LAUNCHED = 201


class Calls:
    """The calls of one dialect. Each but the login takes the token that it is made with."""

    def __init__(self, prefix: str, logger: logging.Logger) -> None:
        """Put `prefix` before every path; requests and answers are logged at `logger`."""
        self._prefix = prefix
        self._logger = logger

    def log_in(self, email: str, password: str) -> Call[str]:
        """Exchange the password for a token. Raises BadCredentialsError."""
        form = urlencode({"username": email, "password": password}).encode()
        request = self._request(
            "POST", "/auth/login", body=form, content_type="application/x-www-form-urlencoded", preliminary=True
        )
        response = yield request
        self._log(request, response)
        if response.status == 400:
            raise BadCredentialsError("The e-mail address or the password is wrong.").about(response)
        return _read(wire.Token, _checked(response)).access_token

    def launch(self, token: str, campaign: model.Campaign) -> Call[model.Campaign]:
        """Launch a campaign, update it from the answer and return it.

        It has its `id` even when InsufficientSmsError is raised.
        """
        campaign.check()
        response = yield from self._asked(token, "POST", "/campaigns/", campaign.wanted())
        made = _read(wire.Campaign, response)
        with _understanding():
            campaign.update(made)
        if response.status == _NOT_LAUNCHED:
            raise InsufficientSmsError(made.id)
        return campaign

    def retry(self, token: str, campaign_id: str) -> Call[None]:
        response = yield from self._asked(token, "POST", "/campaigns/retry", wire.Retry(_identifier(campaign_id)))
        if response.status == _NOT_LAUNCHED:
            raise InsufficientSmsError(campaign_id)

    def read(self, token: str, campaign_id: str) -> Call[model.Campaign | None]:
        response = yield from self._asked(
            token, "GET", f"/campaigns/{quote(_identifier(campaign_id), safe='')}", missing=True
        )
        if response.status == 404:
            return None
        with _understanding():
            return model.campaign(_read(wire.Campaign, response))

    def campaigns(self, token: str, skip: int, limit: int) -> Call[list[model.Campaign]]:
        response = yield from self._asked(token, "GET", "/campaigns/", query={"skip": str(skip), "limit": str(limit)})
        with _understanding():
            return [model.campaign(each) for each in _read(list[wire.Campaign], response)]

    def profile(self, token: str) -> Call[model.User]:
        return _read(model.User, (yield from self._asked(token, "GET", "/users/me")))

    def subscription(self, token: str) -> Call[model.Subscription]:
        return _read(model.Subscription, (yield from self._asked(token, "GET", "/subscriptions/")))

    def _asked(
        self,
        token: str,
        method: str,
        path: str,
        body: msgspec.Struct | None = None,
        *,
        query: dict[str, str] | None = None,
        missing: bool = False,
    ) -> Call[Response]:
        """Send a request and return its answer, after raising what its status means.

        With `missing`, an answer of 404 is returned, too: there may be no such thing.
        """
        content = None if body is None else encoded(body)
        request = self._request(method, path, query, body=content, headers={"Authorization": f"Bearer {token}"})
        response = yield request
        self._log(request, response)
        return response if missing and response.status == 404 else _checked(response)

    def _request(self, method: str, path: str, query: dict[str, str] | None = None, **more: object) -> Request:
        return Request(method, self._prefix + path, query or {}, **more)  # type: ignore[arg-type]

    def _log(self, request: Request, response: Response) -> None:
        self._logger.debug("%s %s: %d", request.method, request.path, response.status)


class _Detail(msgspec.Struct):
    detail: Sequence[wire.Problem]


def _checked(response: Response) -> Response:
    if response.status == 401:
        raise BadTokenError("The server does not take the token.").about(response)
    if response.status == 422:
        raise ValidationError(_read(_Detail, response).detail).about(response)
    if response.status >= 500:
        raise ServerError(f"The server failed ({response.status}).", status=response.status).about(response)
    if response.status not in {200, _NOT_LAUNCHED}:
        told = UnexpectedResponseError(f"The server answered {response.status}.", status=response.status)
        raise told.about(response)
    return response


def _read(shape: type[T], response: Response) -> T:
    try:
        return from_json(response.body, shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        told = UnexpectedResponseError(f"The answer can't be read: {error}.", status=response.status)
        raise told.about(response) from error


@contextmanager
def _understanding() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise UnexpectedResponseError(f"The answer can't be understood: {error}.") from error


def _identifier(campaign_id: str) -> str:
    if not campaign_id:
        raise ValueError("the campaign has no id")
    return campaign_id
