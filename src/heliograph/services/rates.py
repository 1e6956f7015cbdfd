"""How many requests a second an account may make, by all doors and all processes together.

A process counts for itself, and lets an account make a tenth of its limit in a second without asking anybody, so that
ordinary traffic costs nothing. Whoever makes more has it taken from a count in the store, a tenth at a time: what is
kept by all processes together is kept to within a tenth for each of them. A process that owns its store is alone, and
asks nobody.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from heliograph.store import Store
from heliograph.store.rates import take_requests

REMEMBERED = 10_000
SHARES = 10


class Standing(NamedTuple):
    """Where a caller stands in the current second."""

    limit: int
    left: int
    reset_at: int
    """When the next second begins, in seconds since 1970."""
    exceeded: bool


class _Second:
    """What one account made of one second, on this process."""

    def __init__(self, number: int, granted: int) -> None:
        self.number = number
        self.granted = granted
        self.used = 0
        self.over = False
        """The store has no more to give."""
        self.asking = asyncio.Lock()


class RequestRates:
    def __init__(self, store: Store, per_second: int, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._limit = per_second
        self._clock = clock
        self._share = per_second if store.dialect == "sqlite" else max(per_second // SHARES, 1)
        self._seconds: dict[str, _Second] = {}

    async def take(self, account_id: str) -> Standing:
        """Count one request of this account."""
        number = int(self._clock())
        second = self._seconds.get(account_id)
        if second is None or second.number != number:
            if len(self._seconds) >= REMEMBERED:
                self._seconds.clear()
            second = self._seconds[account_id] = _Second(number, self._share)
        second.used += 1
        place = second.used
        while place > second.granted and not second.over and self._share < self._limit:
            async with second.asking:
                if place > second.granted and not second.over:
                    await self._ask(account_id, second)
        left = (second.granted if second.over else self._limit) - place
        return Standing(self._limit, max(left, 0), number + 1, place > second.granted)

    async def _ask(self, account_id: str, second: _Second) -> None:
        """Take another share from what all have together; the first time, what was used already counts, too."""
        wanted = self._share * (2 if second.granted == self._share else 1)
        granted = await self._store.write(take_requests, account_id, second.number, wanted, self._limit)
        first = wanted > self._share
        second.granted += max(granted - (self._share if first else 0), 0)
        second.over = granted < wanted
