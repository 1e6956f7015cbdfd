"""Jobs: what falls due beside sending, is done in chunks, and is never ended by a failure.

A job does chunks until nothing is due, then waits until something will be, until it is woken, or for LONGEST_PAUSE_S.
What is due stands in the store (only hits wait in memory), so nothing is lost with the process. After a failure a job
pauses and goes on.

Where several processes share a store, most jobs are done by one of them, the leader; in the others they stand by, and
look once in LONGEST_PAUSE_S whether they lead now. Two may lead for a moment, where the first was held up for longer
than its lease: nothing is done twice even then, for a job claims what it does, and what one has taken the others do not
see as due.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable

import structlog

from heliograph.domain.errors import NotNow
from heliograph.domain.instants import now_ms

log = structlog.get_logger(__name__)

LONGEST_PAUSE_S = 1.0
"""How long a job waits at most, in seconds: what other processes write is seen after this time at the latest."""


async def wait_for_any(*events: asyncio.Event, timeout_s: float | None = None) -> None:
    """Wait until one of the events is set, or the time is over."""
    waiting = {asyncio.ensure_future(event.wait()) for event in events}
    try:
        await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()


def alone() -> bool:
    """Say that this process leads, as where it is the only one of its store."""
    return True


class Job(ABC):
    name: str
    leads: Callable[[], bool] = staticmethod(alone)
    """Whether this process does the job at this moment."""

    def __init__(self, wake: asyncio.Event) -> None:
        """Wait for `wake`, which is set whenever something may have fallen due."""
        self._wake = wake
        self._stopping = False

    @abstractmethod
    async def do_some(self) -> bool:
        """Do a chunk of what is due, and say whether there was anything."""

    @abstractmethod
    async def next_due_ms(self) -> int | None:
        """Return when there is something to do, in milliseconds since 1970; None if nobody knows of anything."""

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                busy = self.leads() and await self.do_some()
                pause = 0.0 if busy else await self._until_due()
            except NotNow as error:
                log.warning("job put off", job=self.name, error=str(error))
                pause = LONGEST_PAUSE_S
            except Exception:
                log.exception("job failed", job=self.name)
                pause = LONGEST_PAUSE_S
            if pause and not self._stopping:
                await wait_for_any(self._wake, timeout_s=pause)

    async def _until_due(self) -> float:
        if not self.leads():
            return LONGEST_PAUSE_S
        due_at = await self.next_due_ms()
        return LONGEST_PAUSE_S if due_at is None else min(max(due_at - now_ms(), 1) / 1_000, LONGEST_PAUSE_S)
