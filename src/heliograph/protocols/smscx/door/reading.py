"""Words of SMS.CX as our values; what can't be is refused with the code that the reference has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from msgspec import UNSET, UnsetType

from heliograph.domain.bounded import count_in, time_in
from heliograph.domain.channels import Channel
from heliograph.domain.errors import InvalidField, NotFound
from heliograph.numbers import InvalidRow, region_named
from heliograph.protocols.shared.uuids import from_uuid
from heliograph.protocols.smscx.door.refusals import invalid_param
from heliograph.protocols.smscx.wire.errors import Code

T = TypeVar("T")
_TRUE, _FALSE = {"true", "1"}, {"false", "0", ""}


def flag(text: str) -> bool:
    """Read a flag in a query: Python writes True, PHP 1. Raises InvalidField for what is neither true nor false."""
    lower = text.lower()
    if lower not in _TRUE | _FALSE:
        raise InvalidField(f"{text!r} is neither true nor false.")
    return lower in _TRUE


def number(text: str) -> int:
    """Read a number in a path. Raises NotFound for what is none: nothing has it."""
    found = count_in(text)
    if found is None:
        raise NotFound(f"There is nothing with the number {text!r}.")
    return found


def identifier(text: str, code: Code) -> str:
    """Read an identifier. Raises a refusal with `code` if it is misspelt."""
    try:
        return from_uuid(text)
    except ValueError as error:
        raise invalid_param(code, f"{text!r} is not an identifier.") from error


def known(text: str) -> str:
    """Read an identifier in a path. Raises NotFound if it is misspelt: nothing has it."""
    try:
        return from_uuid(text)
    except ValueError as error:
        raise NotFound(f"There is nothing with the identifier {text!r}.") from error


def country(text: object) -> str | None:
    """Read the country that a `countryIso` names; None if it names none, which leaves national numbers unread."""
    return region_named(text) if isinstance(text, str) else None


def channel(text: str, code: Code) -> Channel:
    """Read a channel in letters of either case. Raises a refusal with `code` for a word that is none."""
    try:
        return Channel(text.lower())
    except ValueError as error:
        raise invalid_param(code, f"There is no channel {text!r}.") from error


def is_originator(text: str) -> bool:
    """Say whether a text is as long as an originator: 3 to 11 characters, or 3 to 15 digits."""
    return 3 <= len(text) <= 15 and (len(text) <= 11 or text.lstrip("+").isdecimal())


def moment(text: str | UnsetType | None) -> datetime | None:
    """Read `YYYY-MM-DD HH:MM:SS`, with a blank or a T, with or without an offset; naive if it has none.

    Raises a refusal for what is no date.
    """
    if text is UNSET or text is None or not text:
        return None
    at = time_in(text.strip())
    if at is None:
        raise invalid_param(Code.SCHEDULED_DATE_INVALID, f"{text!r} is not a date.")
    return at


def listed(numbers: list[T]) -> list[T]:
    """Require the numbers that a request can't do without. Raises a refusal if there are none."""
    if not numbers:
        raise invalid_param(Code.NUMBERS_MISSING, "`phoneNumbers` is empty.")
    return numbers


def as_written(invalid: Sequence[InvalidRow]) -> list[str]:
    """Return the texts of rows that are no phone numbers."""
    return [row.text for row in invalid]
