"""The job that indexes the texts of accounts which look for words (`store/indexing.py`).

It does a step, and pauses for as long as that took, so that who sends has the store at least half of the time.
"""

from __future__ import annotations

import asyncio
import time

from heliograph.domain.instants import now_ms
from heliograph.engine.jobs import Job
from heliograph.store import Store
from heliograph.store.indexing import look, next_index, take

LONGEST_BREATH_S = 0.5


class Indexing(Job):
    name = "indexing of texts"

    def __init__(self, store: Store) -> None:
        super().__init__(asyncio.Event())
        self._store = store

    async def do_some(self) -> bool:
        now = now_ms()
        index = await self._store.read(next_index, now)
        if index is None or index.next_at > now:
            return False
        began = time.monotonic()
        step = await self._store.read(look, index, now)
        await self._store.write(take, index, step, now)
        await asyncio.sleep(min(time.monotonic() - began, LONGEST_BREATH_S))
        return True

    async def next_due_ms(self) -> int | None:
        index = await self._store.read(next_index, now_ms())
        return None if index is None else index.next_at
