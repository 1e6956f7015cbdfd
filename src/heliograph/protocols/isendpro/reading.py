"""What a request asks for, wherever it says so: clients differ (reference: isendpro.md, sections 1 and 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from heliograph.domain.errors import MalformedRequest
from heliograph.protocols.isendpro.codes import Code
from heliograph.protocols.isendpro.errors import IsendproRefusal


class Parameters:
    """By names whose case does not matter; each has one value or several."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        """Names in lower case."""
        self.values = values

    def one(self, name: str) -> str | None:
        """The first; None if there is none, or it is empty."""
        return next(iter(self.many(name)), None) or None

    def required(self, name: str) -> str:
        """Refuses a request without it."""
        value = self.one(name)
        if value is None:
            raise IsendproRefusal(Code.PARAMETER_MISSING, name)
        return value

    def many(self, name: str) -> list[str]:
        return self.values.get(name.lower(), [])

    def required_many(self, name: str) -> list[str]:
        """Refuses a request without any."""
        values = self.many(name)
        if not any(values):
            raise IsendproRefusal(Code.PARAMETER_MISSING, name)
        return values

    def is_on(self, name: str) -> bool:
        return self.one(name) == "1"


def parameters_of(query: str, body: bytes) -> Parameters:
    """Of the query, the form and the JSON document, in this order of looking; the body's kind is told by its look.

    MalformedRequest for a body that is neither.
    """
    values: dict[str, list[str]] = {}
    stripped = body.strip()
    if stripped.startswith((b"{", b"[")):
        _take_in(values, _document(stripped))
    elif stripped:
        _take_in(values, _form(stripped))
    _take_in(values, _pairs(query))
    if any("\0" in value for several in values.values() for value in several):
        raise MalformedRequest("Text may not contain the character U+0000.")
    return Parameters(values)


def _take_in(values: dict[str, list[str]], found: Mapping[str, list[str]]) -> None:
    values.update({name.lower(): several for name, several in found.items() if several})


def _form(body: bytes) -> dict[str, list[str]]:
    try:
        return _pairs(body.decode())
    except ValueError as error:
        raise MalformedRequest("The body is neither JSON nor a form.") from error


def _pairs(text: str) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        values.setdefault(name.removesuffix("[]"), []).append(value)
    return values


def _document(body: bytes) -> dict[str, list[str]]:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRequest("The body is not JSON.") from error
    if not isinstance(document, dict):
        raise MalformedRequest("The body is not a JSON object.")
    return {name: [_text(name, each) for each in _listed(value)] for name, value in document.items()}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, str | int | float):
        return str(value)
    raise IsendproRefusal(Code.PARAMETER_INVALID, name)
