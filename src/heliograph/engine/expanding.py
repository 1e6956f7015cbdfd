"""The job that looks up the groups of batches when these are due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from heliograph.domain.instants import now_ms
from heliograph.domain.prices import Tariff
from heliograph.engine.jobs import Job
from heliograph.store import Store
from heliograph.store.rewriting import expand_due, next_expansion_at


class Expander(Job):
    name = "expander"

    def __init__(self, store: Store, wake: asyncio.Event, on_messages: Callable[[], None], tariff: Tariff) -> None:
        """Wait for `wake`; `on_messages` is called when there are new messages."""
        super().__init__(wake)
        self._store = store
        self._on_messages = on_messages
        self._tariff = tariff

    async def do_some(self) -> bool:
        if (due_at := await self.next_due_ms()) is None or due_at > now_ms():
            return False
        expanded, _ = await self._store.write(expand_due, now_ms(), self._tariff)
        self._on_messages()
        return bool(expanded)

    async def next_due_ms(self) -> int | None:
        return await self._store.read(next_expansion_at)
