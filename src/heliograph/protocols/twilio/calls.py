"""Each call of Twilio: what is sent, and what its answer means (reference: providers.md, section A2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from heliograph.calling import Call, Request, Response
from heliograph.calling.documents import from_json
from heliograph.domain.bounded import WAITS_S, whole_number
from heliograph.protocols.twilio import wire
from heliograph.protocols.twilio.errors import TwilioException, UnexpectedResponseException

T = TypeVar("T")


def get(path: str, shape: type[T], query: Mapping[str, Any] | None = None) -> Call[T]:
    """Ask with GET; `path` may have a query of its own, as the address of a next page has."""
    bare, _, own = path.partition("?")
    asked = dict(parse_qsl(own, keep_blank_values=True)) | dict(wire.pairs(query or {}))
    return _read((yield Request("GET", bare, asked)), shape)


def post(path: str, shape: type[T], fields: Mapping[str, Any]) -> Call[T]:
    return _read((yield Request("POST", path, body=wire.form(fields), content_type=wire.FORM)), shape)


def delete(path: str) -> Call[None]:
    _check((yield Request("DELETE", path)))


def _read(response: Response, shape: type[T]) -> T:
    _check(response)
    try:
        return from_json(response.body, shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        told = UnexpectedResponseException(f"The answer can't be read: {error}.", status=response.status)
        raise told.about(response) from error


def _check(response: Response) -> None:
    if 200 <= response.status < 300:
        return
    retry_after_s = whole_number(response.headers.get("retry-after", ""), WAITS_S)
    try:
        said = from_json(response.body, wire.ErrorBody)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        told = UnexpectedResponseException(
            f"The server answered {response.status}.", status=response.status, retry_after_s=retry_after_s
        )
        raise told.about(response) from error
    raise TwilioException(
        f"{said.code}: {said.message}", status=response.status, code=said.code, retry_after_s=retry_after_s
    ).about(response)
