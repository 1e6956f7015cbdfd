"""Reads a request's key and parameters from its query, form or JSON document: clients differ in where they are.

Reference: isendpro.md, sections 1 and 2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec

from heliograph.domain.bounded import whole_number
from heliograph.domain.errors import MalformedRequest, Unauthenticated
from heliograph.doors.bodies import require_few_fields, require_few_values
from heliograph.protocols.isendpro import wire
from heliograph.protocols.isendpro.codes import Code
from heliograph.protocols.isendpro.door.refusals import IsendproRefusal


class Figure(NamedTuple):
    """The values that a numeric parameter may have, and the code of the refusal of others."""

    allowed: range
    refused: Code = Code.PARAMETER_INVALID


_SWITCHES = (
    "bom",
    "nostop",
    "ucs2",
    "numazur",
    "sandbox",
    "comptage",
    "gethlr",
    "getoperateur",
    "setlistenoire",
    "dellistenoire",
    "getlistenoire",
    "rapportcampagne",
    "bom",
    "subaccountrestrictionstop",
    "subaccountrestrictiontime",
)
FIGURES: Mapping[str, Figure] = {
    "smslong": Figure(range(1, wire.AS_MANY_AS_NEEDED + 1)),
    "credit": Figure(range(1, 3)),
    "repertoireid": Figure(range(10**15), Code.ADDRESS_BOOK_UNKNOWN),
    **dict.fromkeys(_SWITCHES, Figure(range(2))),
}
"""Every parameter that is a number, by its name in lower case."""
_INDEX = re.compile(r"\[[0-9]{0,9}\]$")
"""What PHP puts behind a name that has several values."""
_EXACT = 2.0**53
"""Up to here, a float that is a whole number is exactly that number."""


_KEY = "keyid"
_LONGEST_KEY = 1_024
"""The longest text, in bytes, that is looked at as a key; ours have some dozens."""
_KEY_IN_FORM = re.compile(rb"&[kK][eE][yY][iI][dD](?:(?:\[|%5[bB])[0-9]{0,9}(?:\]|%5[dD]))?=([^&]*)")
_KeyOnly = msgspec.defstruct(
    "_KeyOnly",
    [("".join(letters), msgspec.Raw, msgspec.Raw()) for letters in product(*zip("keyid", "KEYID", strict=True))],
)
"""The key in every spelling of its name; whatever else the document has is skipped without being decoded."""
_document_decoder = msgspec.json.Decoder(dict[str, Any])
_key_decoder = msgspec.json.Decoder(_KeyOnly)


class Parameters:
    """The parameters of a request: names are case-insensitive, and each has one value or several."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        """Take the values of each name; the names must be in lower case."""
        self.values = values

    def one(self, name: str) -> str | None:
        """Return the first value of a name; None if there is none, or it is empty."""
        return next(iter(self.many(name)), None) or None

    def required(self, name: str) -> str:
        """Return the first value of a name. Raises IsendproRefusal if there is none, or it is empty."""
        value = self.one(name)
        if value is None:
            raise IsendproRefusal(Code.PARAMETER_MISSING, name)
        return value

    def many(self, name: str) -> list[str]:
        return self.values.get(name.lower(), [])

    def required_many(self, name: str) -> list[str]:
        """Return the values of a name. Raises IsendproRefusal if all of them are empty, or there are none."""
        values = self.many(name)
        if not any(values):
            raise IsendproRefusal(Code.PARAMETER_MISSING, name)
        return values

    def number(self, name: str) -> int | None:
        """Return the number that a name of `FIGURES` has; None if it is not given.

        Raises IsendproRefusal if it is not a number, or not one of those allowed.
        """
        text, figure = self.one(name), FIGURES[name.lower()]
        if text is None:
            return None
        if (number := whole_number(text, figure.allowed)) is None:
            raise IsendproRefusal(figure.refused, name)
        return number

    def require_numbers(self) -> None:
        """Check all parameters that are numbers, whether or not the operation uses them.

        Raises IsendproRefusal for one that is not valid: a switch that is misspelt is neither on nor off.
        """
        for name in FIGURES:
            self.number(name)

    def is_on(self, name: str) -> bool:
        return self.number(name) == 1


def key_in_query(query: str) -> str | None:
    """Find the key in the query; None if it is not there. Raises Unauthenticated if it can't be a key."""
    return _read_key(_pairs(query))


def key_in_body(body: bytes) -> str:
    """Find the key in a body, without decoding anything else in it.

    Raises MalformedRequest for a body that is neither form nor document, RequestTooLarge for one of too many fields or
    values, IsendproRefusal if there is no key, Unauthenticated if what is there can't be one.
    """
    stripped = body.strip()
    if stripped.startswith((b"{", b"[")):
        require_few_values(stripped)
        key = _read_key(_key_in_document(stripped))
    else:
        require_few_fields(stripped, wire.MAX_FIELDS)
        key = _read_key(_key_in_form(stripped))
    if key is None:
        raise IsendproRefusal(Code.PARAMETER_MISSING, _KEY)
    return key


def _read_key(found: Mapping[str, list[str]]) -> str | None:
    values: dict[str, list[str]] = {}
    _take_in(values, found)
    key = Parameters(values).one(_KEY)
    if key is not None and (len(key) > _LONGEST_KEY or "\0" in key):
        raise Unauthenticated("The key can't be read.")
    return key


def _key_in_document(body: bytes) -> dict[str, list[str]]:
    found: dict[str, Any] = {}
    for raw in msgspec.structs.astuple(_decoded(_key_decoder, body)):
        if len(raw) > _LONGEST_KEY:
            raise Unauthenticated("The key can't be read.")
        if raw:
            found[_KEY] = _decoded(msgspec.json.Decoder(), raw)
    return _texts(found)


def _key_in_form(body: bytes) -> dict[str, list[str]]:
    found = _KEY_IN_FORM.search(b"&" + body)
    if found is None:
        return {}
    if len(found[1]) > _LONGEST_KEY:
        raise Unauthenticated("The key can't be read.")
    return {_KEY: [unquote_to_bytes(found[1].replace(b"+", b" ")).decode("utf-8", "replace")]}


def parameters_of(query: str, body: bytes) -> Parameters:
    """Collect the parameters of the body, then of the query; a name's values are in this order.

    Whether the body is a form or a JSON document is told by how it begins. Raises MalformedRequest if it is neither, or
    if a value has the character U+0000.
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
        values.setdefault(_INDEX.sub("", name), []).append(value)
    return values


def _document(body: bytes) -> dict[str, list[str]]:
    return _texts(_decoded(_document_decoder, body))


def _decoded(decoder: msgspec.json.Decoder[Any], document: bytes | msgspec.Raw) -> Any:
    try:
        return decoder.decode(document)
    except msgspec.ValidationError as error:
        raise MalformedRequest("The body is not a JSON object.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRequest("The body is not JSON.") from error


def _texts(document: Mapping[str, Any]) -> dict[str, list[str]]:
    return {name: [_text(name, each) for each in _listed(value)] for name, value in document.items()}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        return str(int(value))
    if isinstance(value, str | int | float):
        return str(value)
    raise IsendproRefusal(Code.PARAMETER_INVALID, name)
