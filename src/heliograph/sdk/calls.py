"""Each call of the native API, as a generator that `AsyncClient` and `Client` drive."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeVar, get_args
from urllib.parse import quote
from uuid import uuid4

import msgspec
from msgspec import UNSET

from heliograph.api import wire
from heliograph.calling import Call, Request, Response, encoded, plain
from heliograph.calling.documents import from_json
from heliograph.domain import errors

T = TypeVar("T")

QueryValue = str | int | float | bool | datetime | None
Query = Mapping[str, QueryValue]
"""The filters of a listing; None leaves one out."""
Parameters = Mapping[str, Mapping[str, str]]
"""The values of parameters: `{name: {number or "default": value}}`."""
ERASING_S = 300.0
"""How long an erasure, which reads every table, may take to be answered, in seconds."""
REQUEST_ID = "x-request-id"
"""The header that names a request, in both directions."""
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
        return from_json(response.body, shape)
    except msgspec.DecodeError as error:
        told = UnexpectedAnswer(f"HTTP {response.status}, but not with what was asked for: {error}")
        raise _about(told, response) from error


def error_in(response: Response) -> errors.HeliographError:
    """Make the error that an answer tells, with the answer's status and the name that the server gave the request."""
    return _about(_told(response), response)


def _about(error: errors.HeliographError, response: Response) -> errors.HeliographError:
    error.status, error.request_id = response.status, response.headers.get(REQUEST_ID)
    return error


def _told(response: Response) -> errors.HeliographError:
    try:
        told = from_json(response.body, wire.ErrorBody).error
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


def sender(originator: str | None, from_: str | None) -> str | None:
    """Return who a message is from, by either name. Raises TypeError for two that differ."""
    if originator is not None and from_ is not None and originator != from_:
        raise TypeError(f"originator and from_ are two names of one thing, not {originator!r} and {from_!r}.")
    return from_ if originator is None else originator


def parameter_table(given: Parameters | None) -> dict[str, dict[str, str]] | None:
    """Copy parameters to what a request carries."""
    return None if given is None else {name: dict(values) for name, values in given.items()}


def path_of(*parts: str) -> str:
    """Return the address of a resource behind the server's own."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def query_of(**values: QueryValue) -> dict[str, str]:
    """Write the values of a query that are given; a name that is Python's, too, has a trailing underscore."""
    given = {name.rstrip("_"): value for name, value in values.items() if value is not None}
    built = msgspec.to_builtins(given, enc_hook=plain)
    return {name: str(value) for name, value in built.items()}


def post(shape: type[T], body: msgspec.Struct, *path: str, waits_s: float = 0.0, repeatable: bool = False) -> Call[T]:
    """Post a body; `waits_s` is how much longer than others the server may take to answer, in seconds."""
    request = Request("POST", path_of(*path), body=encoded(body), waits_s=waits_s, repeatable=repeatable)
    return result((yield request), shape)


def send(shape: type[T], body: wire.SendMessage | wire.CreateBatch | wire.Answer, *path: str) -> Call[T]:
    """Post what is to be sent, with an idempotency key, ours if it has none: repeated, it is sent once all the same."""
    if body.idempotency_key is None:
        body.idempotency_key = uuid4().hex
    return post(shape, body, *path, repeatable=True)


def upload(shape: type[T], content: bytes, media_type: str, *path: str, **query: QueryValue) -> Call[T]:
    request = Request("POST", path_of(*path), query_of(**query), body=content, content_type=media_type)
    return result((yield request), shape)


def start_import(content: bytes | Path, *, mapping: Mapping[str, str] | None, **query: QueryValue) -> Call[wire.Import]:
    columns = None if mapping is None else msgspec.json.encode(dict(mapping)).decode()
    body, file = (None, content) if isinstance(content, Path) else (content, None)
    asked = query_of(mapping=columns, **query)
    request = Request("POST", path_of("imports"), asked, body=body, file=file, content_type="application/octet-stream")
    return result((yield request), wire.Import)


def import_so_far(import_id: str, timeout_s: float) -> Call[wire.Import]:
    """Ask how far an import is, after its end or after so many seconds."""
    query = query_of(timeout_s=timeout_s)
    return result(
        (yield Request("GET", path_of("imports", import_id), query, waits_s=timeout_s, repeatable=True)), wire.Import
    )


def import_over(import_id: str, timeout_s: float) -> Call[wire.Import]:
    """Wait until an import is over. Raises WaitTimedOut after `timeout_s` seconds."""
    deadline = time.monotonic() + timeout_s
    while True:
        left = max(deadline - time.monotonic(), 0)
        found = yield from import_so_far(import_id, min(left, LONG_POLL_S))
        if found.finished_at is not None:
            return found
        if not left:
            raise errors.WaitTimedOut(f"The import {import_id} is still {found.state}, at row {found.rows}.")


def get(shape: type[T], *path: str, **query: QueryValue) -> Call[T]:
    return result((yield Request("GET", path_of(*path), query_of(**query), repeatable=True)), shape)


def saved(path: Path, format: wire.ExportFormat | None, *parts: str, **query: QueryValue) -> Call[None]:
    """Ask for an export, of which the format follows from the name of the file unless it is said."""
    suffix = path.suffix.lower().removeprefix(".")
    if format is None and suffix not in get_args(wire.ExportFormat):
        known = ", ".join(f".{each}" for each in get_args(wire.ExportFormat))
        raise ValueError(f"The name of the file must end with one of {known}, or format say what it is: {path.name!r}.")
    asked = query_of(format=format or suffix, **query)
    response = yield Request("GET", path_of("exports", *parts), asked, repeatable=True)
    if response.status >= 400:
        raise error_in(response)


def patch(shape: type[T], body: msgspec.Struct, *path: str, if_match: str | None = None) -> Call[T]:
    headers = {} if if_match is None else {"If-Match": f'"{if_match}"'}
    return result((yield Request("PATCH", path_of(*path), body=encoded(body), headers=headers)), shape)


def without_answer(method: str, *path: str, body: msgspec.Struct | None = None, **query: QueryValue) -> Call[None]:
    response = yield Request(method, path_of(*path), query_of(**query), body=None if body is None else encoded(body))
    if response.status >= 400:
        raise error_in(response)


def act(shape: type[T], *path: str, repeatable: bool = False) -> Call[T]:
    return result((yield Request("POST", path_of(*path), repeatable=repeatable)), shape)


def put(shape: type[T], body: msgspec.Struct, *path: str) -> Call[T]:
    return result((yield Request("PUT", path_of(*path), body=encoded(body))), shape)


def wait(shape: type[T], *path: str, timeout_s: float, **query: QueryValue) -> Call[T]:
    """Ask again and again until the server has what is waited for. Raises WaitTimedOut after `timeout_s` seconds."""
    deadline = time.monotonic() + timeout_s
    while True:
        left = max(deadline - time.monotonic(), 0)
        waits_s = min(left, LONG_POLL_S)
        asked = query_of(timeout_s=round(waits_s, 3), **query)
        response = yield Request("GET", path_of(*path), asked, waits_s=waits_s, repeatable=True)
        try:
            return result(response, shape)
        except errors.WaitTimedOut:
            if left <= LONG_POLL_S:
                raise
