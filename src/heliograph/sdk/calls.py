"""Each call of the native API, as a generator that `AsyncClient` and `Client` drive."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import UNSET

from heliograph.api import wire
from heliograph.calling import Call, Request, Response, encoded, plain
from heliograph.domain import errors

T = TypeVar("T")

Parameters = Mapping[str, Mapping[str, str]]
"""The values of parameters: `{name: {number or "default": value}}`."""
ERASING_S = 300.0
"""How long an erasure, which reads every table, may take to be answered, in seconds."""
LONG_POLL_S = 30.0
"""How long one request waits at most, in seconds; longer waits are several requests."""


def _classes(root: type[errors.HeliographError]) -> dict[str, type[errors.HeliographError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found |= _classes(child)
    return found


class UnexpectedAnswer(errors.HeliographError):
    """The server's answer is not one that Heliograph gives."""

    code = "unexpected_answer"
    hint = "Check that the URL is a Heliograph's, and not a proxy's in front of it."


def result(response: Response, shape: type[T]) -> T:
    """Decode an answer. Raises the error that the server named, or UnexpectedAnswer."""
    if response.status >= 400:
        raise error_in(response)
    try:
        return msgspec.json.decode(response.body, type=shape)
    except msgspec.DecodeError as error:
        raise UnexpectedAnswer(f"HTTP {response.status}, but not with what was asked for: {error}") from error


def error_in(response: Response) -> errors.HeliographError:
    try:
        told = msgspec.json.decode(response.body, type=wire.ErrorBody).error
    except msgspec.DecodeError:
        return UnexpectedAnswer(f"HTTP {response.status} without an explanation.")
    known = _classes(errors.HeliographError).get(told.code)
    if known is not None:
        facts = {} if told.invalid is UNSET else {"invalid": told.invalid}
        return known(told.message, field=told.field, **facts)
    fallback = errors.NotNow if told.retryable else errors.RequestError
    return fallback(f"{told.message} ({told.code})", field=told.field)


def bare(number: str) -> str:
    """Return the digits of an international number, however it is written."""
    return "".join(filter(str.isdecimal, number)).removeprefix("00")


def parameter_table(given: Parameters | None) -> dict[str, dict[str, str]] | None:
    """Copy parameters to what a request carries."""
    return None if given is None else {name: dict(values) for name, values in given.items()}


def _path(*parts: str) -> str:
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def _query(**values: Any) -> dict[str, str]:
    given = {name.rstrip("_"): value for name, value in values.items() if value is not None}
    built = msgspec.to_builtins(given, enc_hook=plain)
    return {name: str(value) for name, value in built.items()}


def post(shape: type[T], body: msgspec.Struct, *path: str, waits_s: float = 0.0) -> Call[T]:
    """Post a body; `waits_s` is how much longer than others the server may take to answer, in seconds."""
    return result((yield Request("POST", _path(*path), body=encoded(body), waits_s=waits_s)), shape)


def upload(shape: type[T], content: bytes, media_type: str, *path: str, **query: Any) -> Call[T]:
    request = Request("POST", _path(*path), _query(**query), body=content, content_type=media_type)
    return result((yield request), shape)


def get(shape: type[T], *path: str, **query: Any) -> Call[T]:
    return result((yield Request("GET", _path(*path), _query(**query))), shape)


def patch(shape: type[T], body: msgspec.Struct, *path: str) -> Call[T]:
    return result((yield Request("PATCH", _path(*path), body=encoded(body))), shape)


def without_answer(method: str, *path: str, body: msgspec.Struct | None = None) -> Call[None]:
    response = yield Request(method, _path(*path), body=None if body is None else encoded(body))
    if response.status >= 400:
        raise error_in(response)


def act(shape: type[T], *path: str) -> Call[T]:
    return result((yield Request("POST", _path(*path))), shape)


def put(shape: type[T], body: msgspec.Struct, *path: str) -> Call[T]:
    return result((yield Request("PUT", _path(*path), body=encoded(body))), shape)


def wait(shape: type[T], *path: str, timeout_s: float, **query: Any) -> Call[T]:
    """Ask again and again until the server has what is waited for. Raises WaitTimedOut after `timeout_s` seconds."""
    deadline = time.monotonic() + timeout_s
    while True:
        left = max(deadline - time.monotonic(), 0)
        waits_s = min(left, LONG_POLL_S)
        response = yield Request("GET", _path(*path), _query(timeout_s=round(waits_s, 3), **query), waits_s=waits_s)
        try:
            return result(response, shape)
        except errors.WaitTimedOut:
            if left <= LONG_POLL_S:
                raise
