"""How often a key may be connected: in one process, or in all that share a PostgreSQL store together.

How it works. Whoever connects with a key takes a place, and gives it back. On a store that is one process's own they
are counted in memory. On one that is shared, a place is taken in the store, in turns for each key, and every few
seconds a process says how many it has; so what it could not say while the store was away is right again soon. What a
process that died had counts for ALIVE_S more.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from heliograph.domain.ids import new_id
from heliograph.domain.instants import now_ms
from heliograph.store import Store
from heliograph.store.connected_keys import say_places, take_place

SAY_EVERY_S = 3.0
ALIVE_S = 12.0


class Places:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_shared = store.dialect != "sqlite"
        self._holder = new_id()
        self._taken: Counter[str] = Counter()
        self._turn = asyncio.Lock()
        """What the store knows is changed by one after the other, so that it is never less than is said here."""
        self._said_at = 0.0
        self._is_said = True

    async def take(self, key: str, most: int) -> bool:
        """Take a place for a connection with a key; False if there are `most`. Raises NotNow if nobody can say."""
        if not self._is_shared:
            return self._take(key, most)
        async with self._turn:
            now = now_ms()
            if not await self._store.write(take_place, key, self._holder, most, now, now - int(ALIVE_S * 1_000)):
                return False
            self._taken[key] += 1
            return True

    def _take(self, key: str, most: int) -> bool:
        if self._taken[key] >= most:
            return False
        self._taken[key] += 1
        return True

    def give_back(self, key: str) -> None:
        """Give a place back; others see it within SAY_EVERY_S, or as soon as `say` is called."""
        self._taken[key] -= 1
        if not self._taken[key]:
            del self._taken[key]
        self._is_said = False

    async def say(self) -> None:
        """Let the other processes know, if there is news or it is time. Raises NotNow while the store is away."""
        if not self._is_shared or (self._is_said and time.monotonic() < self._said_at + SAY_EVERY_S):
            return
        async with self._turn:
            self._is_said, self._said_at = True, time.monotonic()
            now = now_ms()
            try:
                counts = dict(self._taken)
                await self._store.write(say_places, self._holder, counts, now, now - int(ALIVE_S * 1_000))
            except BaseException:
                self._is_said = False
                raise
