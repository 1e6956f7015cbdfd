"""Values that a caller writes as text, read once and never beyond what can be reckoned with or stored."""

from __future__ import annotations

import binascii
import time
from base64 import b64decode
from datetime import UTC, datetime

_LONGEST = 18
"""Digits, without leading zeros: what a database holds. `int` of thousands fails, and takes its time before."""
BEYOND = 10**_LONGEST
"""Stands for every number that is too large for anything."""
STALE_S = 300
"""How old, or how far ahead, the time of a signature may be."""
WAITS_S = range(366 * 24 * 3_600)
"""What a server may ask for in `Retry-After`; what is longer is no answer to when."""


def count_in(text: str) -> int | None:
    """What digits say, with whatever zeros before them, BEYOND for what is larger; None for anything else.

    `int` would also read signs, blanks, underscores and the digits of other scripts.
    """
    if not text.isascii() or not text.isdigit():
        return None
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= _LONGEST else BEYOND


def whole_number(text: str, allowed: range) -> int | None:
    """The same; None also for what is not `allowed`, and for what is beyond everything."""
    value = count_in(text)
    return value if value is not None and value < BEYOND and value in allowed else None


def instant_in(text: str) -> datetime | None:
    """A date or a time of ISO 8601 in UTC, where it is unless it says otherwise; None for anything else, and for what
    is in no year that there is in UTC."""
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def time_in(text: str) -> datetime | None:
    """The same as it is written, naive if it has no offset."""
    return None if instant_in(text) is None else datetime.fromisoformat(text)


def signed_at(text: str) -> int | None:
    """The second since 1970 at which something says it was signed; None if that is no time, or not the last minutes."""
    second = count_in(text)
    return second if second is not None and is_recent(second) else None


def is_recent(second: float, *, oldest_s: int = STALE_S) -> bool:
    """Whether something that says it was signed at `second` since 1970 is not older than `oldest_s`: whoever caught a
    call once could hand it in again for ever. A clock that goes up to STALE_S ahead of ours is a clock."""
    return -STALE_S <= time.time() - second <= oldest_s


def basic_credentials(header: str) -> tuple[str, str] | None:
    """The name and the secret of an `Authorization: Basic` header (RFC 7617); None if there are none to be read."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or not encoded.isascii():
        return None
    try:
        name, colon, secret = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, secret) if colon and "\0" not in name + secret else None
