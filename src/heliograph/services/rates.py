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


class RateState(NamedTuple):
    """Where a caller stands in the current second."""

    limit: int
    left: int
    reset_at: int
    """When the next second begins, in seconds since 1970."""
    exceeded: bool


class _Second:
    """What one account made of one second, on this process."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.granted = 0
        """By the store."""
        self.free = 0
        """Let through without asking it."""
        self.used = 0
        self.over = False
        """The store has no more to give."""
        self.asking = asyncio.Lock()


class RequestRates:
    def __init__(self, store: Store, per_second: int = 0, clock: Callable[[], float] = time.time) -> None:
        """`per_second` is the limit by every door; 0: each door has one of its own."""
        self._store = store
        self._limit = per_second
        self._clock = clock
        self._alone = store.dialect == "sqlite"
        self._seconds: dict[str, _Second] = {}

    async def take(self, account_id: str, usual: int) -> RateState:
        """Count one request of this account, by a door whose own limit is `usual`."""
        number, limit = int(self._clock()), self._limit or usual
        share = max(limit // SHARES, 1)
        second = self._seconds.get(account_id)
        if second is None or second.number != number:
            if len(self._seconds) >= REMEMBERED:
                self._seconds.clear()
            second = self._seconds[account_id] = _Second(number)
        second.used += 1
        place = second.used
        if self._alone or place <= share:
            second.free = max(second.free, min(place, share))
            allowed = limit
        else:
            allowed = min(limit, await self._granted(account_id, second, place, share, limit))
        left = (allowed if second.over else limit) - place
        return RateState(limit, max(left, 0), number + 1, place > allowed)

    async def _granted(self, account_id: str, second: _Second, place: int, share: int, limit: int) -> int:
        """How many requests this process may let through in the second, once it has asked for as many as `place`."""
        while place > second.granted and not second.over:
            async with second.asking:
                if place > second.granted and not second.over:
                    # The first time, what was let through without asking is counted, too.
                    wanted = max(second.free - second.granted, 0) + share
                    given = await self._store.write(take_requests, account_id, second.number, wanted, limit)
                    second.granted += given
                    second.over = given < wanted
        return max(second.granted, second.free)
