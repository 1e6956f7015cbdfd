"""How many requests a second a caller may make: counted on this process, second by second."""

from __future__ import annotations

import time
from typing import NamedTuple

_REMEMBERED = 10_000


class Standing(NamedTuple):
    """Where a caller stands in the current second."""

    limit: int
    left: int
    reset_at: int
    """When the next second begins, in seconds since 1970."""
    exceeded: bool


class RateLimit:
    def __init__(self, per_second: int) -> None:
        self._limit = per_second
        self._counted: dict[str, tuple[int, int]] = {}

    def take(self, key: str) -> Standing:
        """Counts one request of this caller."""
        second = int(time.time())
        began, count = self._counted.get(key, (second, 0))
        if began != second:
            count = 0
        if len(self._counted) >= _REMEMBERED:
            self._counted.clear()
        self._counted[key] = (second, count + 1)
        left = self._limit - count - 1
        return Standing(self._limit, max(left, 0), second + 1, left < 0)
