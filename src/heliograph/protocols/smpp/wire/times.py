"""Times: `YYMMDDhhmmsstnnp`, absolute or relative (7.1.1), and the dates of receipts, in whatever form they come."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_FORMAT = re.compile(r"(\d{12})(\d)(\d\d)([-+R])", re.ASCII)
_RECEIPT = re.compile(r"(\d{10}|\d{12}|\d{14})(?:\d(\d\d)([-+]))?", re.ASCII)
_MOST_RELATIVE_S = 99 * 24 * 3600
"""Seconds: two digits of days. Months and years would be of many lengths."""


class InvalidTime(ValueError):
    """A text that is no time of SMPP."""


def absolute(at_ms: int) -> str:
    """Write a moment, in milliseconds since 1970, in UTC."""
    at = datetime.fromtimestamp(at_ms / 1_000, UTC)
    return f"{at:%y%m%d%H%M%S}{at.microsecond // 100_000}00+"


def relative(seconds: float) -> str:
    """Write so long from now, in whole seconds and at least one; at most 99 days."""
    minutes, s = divmod(min(max(int(seconds), 1), _MOST_RELATIVE_S), 60)
    hours, m = divmod(minutes, 60)
    days, h = divmod(hours, 24)
    return f"0000{days:02}{h:02}{m:02}{s:02}000R"


def read_time(text: str, now_ms: int) -> int | None:
    """Read a time of SMPP, in milliseconds since 1970; None for an empty one. InvalidTime."""
    if not text:
        return None
    found = _FORMAT.fullmatch(text)
    if found is None:
        raise InvalidTime(text)
    digits, tenths, quarters, sign = found.groups()
    try:
        if sign == "R":
            return now_ms + _relative_ms(digits)
        at = datetime.strptime(digits, "%y%m%d%H%M%S").replace(tzinfo=_zone(quarters, sign))
    except ValueError as error:
        raise InvalidTime(text) from error
    return int(at.timestamp() * 1_000) + int(tenths) * 100


def _relative_ms(digits: str) -> int:
    years, months, days, hours, minutes, seconds = (int(digits[place : place + 2]) for place in range(0, 12, 2))
    span = timedelta(days=365 * years + 30 * months + days, hours=hours, minutes=minutes, seconds=seconds)
    return span // timedelta(milliseconds=1)


def _zone(quarters: str, sign: str) -> timezone:
    minutes = 15 * int(quarters)
    return timezone(timedelta(minutes=-minutes if sign == "-" else minutes))


def read_date(text: str, offset_minutes: int = 0) -> int | None:
    """Read a date of a receipt, in milliseconds since 1970; None if it can't be one.

    10 digits are YYMMDDhhmm, 12 have seconds, 14 have a century besides, or are followed by a zone. `offset_minutes` is
    how far ahead of UTC the SMSC's clock is, where the date has no zone.
    """
    found = _RECEIPT.fullmatch(text.strip())
    if found is None:
        return None
    digits, quarters, sign = found.groups()
    zone = timezone(timedelta(minutes=offset_minutes)) if sign is None else _zone(quarters, sign)
    for form in _FORMS[len(digits)]:
        try:
            at = datetime.strptime(digits, form).replace(tzinfo=zone)
            return int(at.timestamp() * 1_000)
        except (ValueError, OverflowError):
            continue
    return None


_FORMS = {10: ("%y%m%d%H%M",), 12: ("%y%m%d%H%M%S", "%Y%m%d%H%M"), 14: ("%Y%m%d%H%M%S",)}
