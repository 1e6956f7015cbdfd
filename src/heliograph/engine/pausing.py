"""The job that takes the messages of pausing batches out of the queue, and puts them back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from heliograph.domain.instants import now_ms
from heliograph.engine.jobs import Job
from heliograph.store import Store
from heliograph.store.pausing import is_anything_moving, move_paused

CHUNK = 5_000


class Pausing(Job):
    name = "pausing"

    def __init__(self, store: Store, wake: asyncio.Event, on_messages: Callable[[], None]) -> None:
        """Wait for `wake`; `on_messages` is called when messages are in the queue again."""
        super().__init__(wake)
        self._store = store
        self._on_messages = on_messages
        self._looked_at: dict[str, str] = {}
        """By batch: the last message that has been moved. It only saves looking again; the store knows."""

    async def do_some(self) -> bool:
        if await self.next_due_ms() is None:
            return False
        moved = await self._store.write(move_paused, CHUNK, dict(self._looked_at))
        if moved is None:
            return False
        self._looked_at[moved.batch_id] = moved.last_id
        if moved.over:
            del self._looked_at[moved.batch_id]
        self._on_messages()
        return True

    async def next_due_ms(self) -> int | None:
        return now_ms() + 1_000 if await self._store.read(is_anything_moving) else None
