"""The job that looks up the groups of batches when these are due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from heliograph.domain.caps import Caps
from heliograph.domain.instants import now_ms
from heliograph.domain.prices import Tariff
from heliograph.engine.jobs import Job
from heliograph.engine.works import Works
from heliograph.store import Store
from heliograph.store.batches import Fresh, filling, quoted
from heliograph.store.rewriting import Expanded, batches_to_expand, expand, members_of_due, next_expansion_at
from heliograph.store.tx import Tx
from heliograph.store.works import Holder, Slice


class Expander(Job):
    name = "expander"

    def __init__(
        self,
        store: Store,
        wake: asyncio.Event,
        on_messages: Callable[[], None],
        tariff: Callable[[], Tariff],
        works: Works,
    ) -> None:
        """Wait for `wake`; `on_messages` is called when there are new messages, and `works` carries out large ones."""
        super().__init__(wake)
        self._store = store
        self._on_messages = on_messages
        self._tariff = tariff
        self._works = works

    async def do_some(self) -> bool:
        if (due_at := await self.next_due_ms()) is None or due_at > now_ms():
            return False
        return bool(await self.expand(now_ms()))

    async def expand(self, until_ms: int) -> int:
        """Look up the groups of batches that are due by then, and return how many messages their members get.

        A member who is a recipient anyway gets one message. Members are read, and their messages made up, before the
        transaction that charges them; if a batch changes between the two, it is looked at anew.
        """
        due = await self._store.read(batches_to_expand, until_ms)
        return sum(await asyncio.gather(*(self._expand(account_id, batch_id) for account_id, batch_id in due)))

    async def _expand(self, account_id: str, batch_id: str) -> int:
        while (found := await self._store.read(members_of_due, account_id, batch_id)) is not None:
            agreed = self._tariff().under(found.terms)
            wanted = await asyncio.to_thread(quoted, found.batch, found.msisdns, found.silent, agreed)
            decide = partial(_decide, wanted, found.terms.caps)
            if (expanded := await self._works.decided(decide, _slices, wait=False)) is not None:
                self._on_messages()
                return len(expanded.fresh.msisdns)
        return 0

    async def next_due_ms(self) -> int | None:
        return await self._store.read(next_expansion_at)


def _decide(wanted: Fresh, caps: Caps, tx: Tx, holder: Holder) -> Expanded | None:
    return expand(tx, wanted, caps, now_ms(), holder)


def _slices(expanded: Expanded | None) -> list[Slice]:
    return [] if expanded is None or expanded.work is None else filling(expanded.work, expanded.fresh)
