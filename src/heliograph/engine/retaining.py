"""The job that forgets what was kept for as long as it was to be (`domain/retention.py`).

It does a step, and pauses for as long as that took, so that who sends has the store at least half of the time. Which
walks there are is found out anew once a minute, from the settings and what is agreed with accounts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import structlog

from heliograph.domain.accounts import Kept
from heliograph.domain.instants import now_ms
from heliograph.domain.retention import Walk, walks_of
from heliograph.engine.jobs import Job
from heliograph.engine.metrics import Metrics
from heliograph.store import Store
from heliograph.store.retention import days_of_accounts, keep_walks, look, next_walk, take

log = structlog.get_logger(__name__)

PLANNED_FOR_MS = 60_000
LONGEST_BREATH_S = 0.5


class Retaining(Job):
    name = "retention"

    def __init__(self, store: Store, metrics: Metrics, installation: Mapping[Kept, int]) -> None:
        """Keep data of accounts that have no days of their own for those of the installation, by class."""
        super().__init__(asyncio.Event())
        self._store = store
        self._metrics = metrics
        self._installation = installation
        self._walks: Mapping[str, Walk] | None = None
        self._planned_until = 0

    async def do_some(self) -> bool:
        now = now_ms()
        if now >= self._planned_until:
            await self._plan(now)
        if not self._walks or (position := await self._store.read(next_walk)) is None or position.next_at > now:
            return False
        walk = self._walks.get(position.id)
        if walk is None:  # of a process with other settings
            self._planned_until = 0
            return False
        began = time.monotonic()
        step = await self._store.read(look, walk, position, now)
        taken = await self._store.write(take, walk, position, step, now)
        if taken is not None:
            self._metrics.retained(walk.kept, taken.rows)
            if taken.is_last and taken.run_rows:
                log.info(
                    "retention run ended",
                    kept=walk.kept.value,
                    table=walk.table,
                    days=walk.days,
                    rows=taken.run_rows,
                )
        await asyncio.sleep(min(time.monotonic() - began, LONGEST_BREATH_S))
        return True

    async def _plan(self, now: int) -> None:
        """Find out which walks there are; also those that another process has put there are replaced."""
        walks = walks_of(self._installation, await self._store.read(days_of_accounts))
        if walks != self._walks:
            await self._store.write(keep_walks, walks, now)
            self._walks = walks
        self._planned_until = now + PLANNED_FOR_MS

    async def next_due_ms(self) -> int | None:
        if not self._walks:
            return self._planned_until
        position = await self._store.read(next_walk)
        return self._planned_until if position is None else min(position.next_at, self._planned_until)
