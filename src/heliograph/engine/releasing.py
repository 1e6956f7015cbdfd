"""The job that lets a campaign go on, or leaves it paused, by what became of the share of it that went first.

A batch that is held says which batch went first and within which bounds (`domain/releases.py`). Each look counts the
messages of that one; what is decided is one field of the batch, so that a process which dies in between has decided
nothing, and nobody decides twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from heliograph.domain.instants import now_ms
from heliograph.domain.releases import Verdict, judged
from heliograph.engine.jobs import Job
from heliograph.store import Store
from heliograph.store.pausing import decide_on_held, held_for_shares, standing_of

AT_ONCE = 50


class Releasing(Job):
    name = "releasing"

    def __init__(self, store: Store, wake: asyncio.Event, on_decided: Callable[[], None]) -> None:
        """Call `on_decided` when a batch goes on, or is left paused."""
        super().__init__(wake)
        self._store = store
        self._on_decided = on_decided

    async def do_some(self) -> bool:
        after, decided = "", False
        while found := await self._store.read(held_for_shares, limit=AT_ONCE, after=after):
            after = found[-1].id
            for held in found:  # each is about another batch, whose messages are counted alone
                if not held.release.by_itself:
                    continue
                standing = await self._store.read(standing_of, held.account_id, held.release.after)
                verdict = judged(held.release, standing)
                if verdict is not Verdict.WAIT:
                    go_on = verdict is Verdict.GO_ON
                    decided |= await self._store.write(decide_on_held, held, now_ms(), go_on=go_on)
        if decided:
            self._on_decided()
        return False

    async def next_due_ms(self) -> int | None:
        return now_ms() + 1_000 if await self._store.read(held_for_shares, limit=1) else None
