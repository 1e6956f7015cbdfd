"""Durations as people write them: 90s, 15m, 24h, 90d."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from heliograph.domain.errors import InvalidField

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_WRITTEN = re.compile(r"([0-9]{1,9})([smhd])")
LONGEST_S = 10 * 366 * 86_400


def duration_in(text: str, field: str) -> int:
    """Read a duration; seconds. Raises InvalidField for what is none, or is longer than ten years."""
    found = _WRITTEN.fullmatch(text.strip())
    seconds = int(found[1]) * _SECONDS[found[2]] if found else LONGEST_S + 1
    if seconds > LONGEST_S:
        raise InvalidField(f"A duration is written as in 90s, 15m, 24h or 90d, not {text!r}.", field=field)
    return seconds


def moment_in(text: str, now: datetime, field: str) -> datetime:
    """Read when something was: a duration ago, or a date or an instant of ISO 8601, in UTC if it has no offset.
    Raises InvalidField for what is neither."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        if _WRITTEN.fullmatch(text.strip()) is None:
            told = f"A time is written as in 2031-01-31, 2031-01-31T10:00:00Z or 7d (ago), not {text!r}."
            raise InvalidField(told, field=field) from None
        return now - timedelta(seconds=duration_in(text, field))
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def expiry_in(text: str, now: datetime, field: str) -> datetime:
    """Read when something ends: after a duration, or at a date or an instant of ISO 8601, in UTC if it has no offset.
    Raises InvalidField for what is neither."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return now + timedelta(seconds=duration_in(text, field))
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
