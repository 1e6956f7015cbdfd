"""Limits on how many requests a second an account may make, by all doors and all processes together.

**The problem.** The limit is the account's, wherever it calls: several processes may serve it at once. A count that all
of them share is exact, but costs a write for every request, and nearly all traffic is far below its limit.

**How it works.** Time is cut into whole seconds, and each second begins with nothing. In each a process lets an account
make a tenth of its limit (a share) without asking anybody, so ordinary traffic costs nothing. Whoever makes more in one
process has further shares taken from a count in the store (`store/rates.py`), one at a time, until that has no more to
give. The first time, what was let through without asking is counted there, too.

**What holds.** A process alone is held to the limit exactly; several together to within a share for each of them that
has not asked. A process that owns its store is alone, and asks nobody. Requests over the limit are counted, and
refused: nothing waits for the next second here.

**Who asks.** Requests of one account that need a share at the same moment wait for one question (`asking`), and look
again what it brought. If the store can't be reached, the request fails like any other.

**After a crash** nothing is wrong, for nothing has to outlive the second. The processes' clocks should agree: a
question about another second than the last one begins the count in the store anew.
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
    """The state of a caller's limit in the current second."""

    limit: int
    left: int
    reset_at: int
    """Time at which the next second begins, in seconds since 1970."""
    exceeded: bool


class _Second:
    """One account's requests in one second, by this process."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.granted = 0
        """How many requests the store has granted."""
        self.free = 0
        """How many were let through without asking the store."""
        self.used = 0
        self.over = False
        """True once the store has no more to give."""
        self.asking = asyncio.Lock()


class RequestRates:
    def __init__(self, store: Store, per_second: int = 0, clock: Callable[[], float] = time.time) -> None:
        """Limit by `per_second` at every door; 0: each door has a limit of its own."""
        self._store = store
        self._limit = per_second
        self._clock = clock
        self._alone = store.dialect == "sqlite"
        self._seconds: dict[str, _Second] = {}

    async def take(self, account_id: str, usual: int, agreed: int | None = None) -> RateState:
        """Count one request of this account, by a door whose own limit is `usual`, and return how it stands then.

        `agreed` is the account's own limit; None: it has none.
        """
        number, limit = int(self._clock()), agreed or self._limit or usual
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
        """Return how many requests this process may let through in the second, having asked for `place` of them."""
        while place > second.granted and not second.over:
            async with second.asking:
                if place > second.granted and not second.over:
                    # The first time, what was let through without asking is counted, too.
                    wanted = max(second.free - second.granted, 0) + share
                    given = await self._store.write(take_requests, account_id, second.number, wanted, limit)
                    second.granted += given
                    second.over = given < wanted
        return max(second.granted, second.free)
