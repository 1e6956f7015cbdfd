"""The job that forgets what was kept for as long as it was to be (`domain/retention.py`).

It does a step, and pauses for as long as that took, so that who sends has the store at least half of the time. A whole
step is some 10 ms of work. One that took much longer met with others' work or a slow disk: the next ones are smaller,
until they are quick again (`next_share`), so that who sends waits for little, however busy the machine is. Which walks
there are is found out anew once a minute, from the settings and what is agreed with accounts.
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
GOAL_S = 0.025
"""How long a step may take before the next is smaller."""
LEAST_SHARE = 1 / 4
"""Of a whole step: with less, most of its time would be what each costs, however small it is."""


def next_share(share: float, took_s: float) -> float:
    """Return how much of a whole step the next is, after one that was `share` of it and took so long.

    At once as much less as it took too long, by half at most; more again by and by.
    """
    return min(1.0, max(LEAST_SHARE, share * min(max(GOAL_S / max(took_s, 1e-6), 0.5), 1.25)))


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
        self._share = 1.0

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
        step = await self._store.read(look, walk, position, now, self._share)
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
        took_s = time.monotonic() - began
        self._share = next_share(self._share, took_s)
        await asyncio.sleep(min(took_s, LONGEST_BREATH_S))
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
