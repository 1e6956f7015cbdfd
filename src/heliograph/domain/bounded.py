"""Reads values that a caller writes as text, within bounds: nothing is computed or stored that is too large."""

from __future__ import annotations

import binascii
import time
from base64 import b64decode
from datetime import UTC, datetime

_LONGEST = 18
"""The most digits without leading zeros, as many as a database holds; `int` of thousands is slow, and then fails."""
BEYOND = 10**_LONGEST
"""The number that stands for every one that is too large for anything."""
STALE_S = 300
"""How old, or how far ahead, the time of a signature may be, in seconds."""
WAITS_S = range(366 * 24 * 3_600)
"""The seconds that a server may ask for in `Retry-After`; a longer wait says nothing of when to come again."""


def count_in(text: str) -> int | None:
    """Read digits as a number, BEYOND if it is too large; None for anything but ASCII digits.

    Leading zeros are allowed. `int` would also read signs, blanks, underscores and the digits of other scripts.
    """
    if not text.isascii() or not text.isdigit():
        return None
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= _LONGEST else BEYOND


def whole_number(text: str, allowed: range) -> int | None:
    """Read digits as a number; None for anything else, and for a number that is not `allowed`."""
    value = count_in(text)
    return value if value is not None and value < BEYOND and value in allowed else None


def instant_in(text: str) -> datetime | None:
    """Read a date or time of ISO 8601, in UTC where it names no offset; None for anything else.

    None also for an instant in a year that does not exist in UTC.
    """
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def time_in(text: str) -> datetime | None:
    """Read a date or time of ISO 8601 as it is written, naive if it names no offset; None for anything else."""
    return None if instant_in(text) is None else datetime.fromisoformat(text)


def signed_at(text: str) -> int | None:
    """Read when something was signed, in seconds since 1970; None if that is not a number, or not recent."""
    second = count_in(text)
    return second if second is not None and is_recent(second) else None


def is_recent(second: float, *, oldest_s: float = STALE_S) -> bool:
    """Say whether a time, in seconds since 1970, is at most `oldest_s` ago.

    It may be up to STALE_S ahead, since clocks differ. Older signatures are refused because whoever caught a call once
    could hand it in again for ever.
    """
    return -STALE_S <= time.time() - second <= oldest_s


def basic_credentials(header: str) -> tuple[str, str] | None:
    """Read the name and the secret of an `Authorization: Basic` header (RFC 7617); None if it has none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or not encoded.isascii():
        return None
    try:
        name, colon, secret = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, secret) if colon and "\0" not in name + secret else None
