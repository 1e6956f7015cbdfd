"""The job that moves messages on to their next channel when the one before had its time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from heliograph.domain.instants import now_ms
from heliograph.engine.jobs import Job
from heliograph.store import Store
from heliograph.store.queue import fall_back_late, next_fall_back_at

CHUNK = 1_000


class FallingBack(Job):
    name = "falling back"

    def __init__(self, store: Store, wake: asyncio.Event, on_messages: Callable[[], None]) -> None:
        """Wait for `wake`; `on_messages` is called when messages are to be sent again."""
        super().__init__(wake)
        self._store = store
        self._on_messages = on_messages

    async def do_some(self) -> bool:
        if (due_at := await self.next_due_ms()) is None or due_at > now_ms():
            return False
        moved = await self._store.write(fall_back_late, now_ms(), CHUNK)
        self._on_messages()
        return bool(moved)

    async def next_due_ms(self) -> int | None:
        return await self._store.read(next_fall_back_at)
