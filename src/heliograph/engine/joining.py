"""Inbound messages whose parts did not all come: what is there becomes a message when its time is over."""

from __future__ import annotations

import asyncio

import structlog

from heliograph.domain.instants import now_ms
from heliograph.engine.intake import EngineIntake
from heliograph.engine.jobs import Job
from heliograph.store import Store
from heliograph.store.long_inbound import due_long, next_due_long

log = structlog.get_logger(__name__)

CHUNK = 100


class JoiningInbound(Job):
    name = "joining inbound"

    def __init__(self, store: Store, intake: EngineIntake) -> None:
        super().__init__(asyncio.Event())
        self._store = store
        self._intake = intake

    async def do_some(self) -> bool:
        if (due_at := await self.next_due_ms()) is None or due_at > now_ms():
            return False
        due = await self._store.read(due_long, now_ms(), CHUNK)
        for long in due:
            if len(long.parts) < long.total:
                log.info("inbound message without some of its parts", provider=long.provider, total=long.total)
            await self._intake.join(long)
        return bool(due)

    async def next_due_ms(self) -> int | None:
        return await self._store.read(next_due_long)
