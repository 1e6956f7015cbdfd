"""Carrying out changes that are too large for one transaction, slice by slice (`store/works.py`).

A request that decides such a change waits until it is carried out, so that what is answered is done; others write
between any two slices. If nobody waits any more it is carried out all the same. What a process that died has left is
found by the job, in any process, once its lease has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Protocol, TypeVar

import structlog

from heliograph.domain.errors import ShuttingDown
from heliograph.domain.ids import new_id
from heliograph.domain.instants import now_ms
from heliograph.engine.jobs import Job
from heliograph.store import Store
from heliograph.store.tx import Tx
from heliograph.store.works import (
    Holder,
    Lost,
    Slice,
    UnderChange,
    Work,
    carry_out,
    leave_works,
    next_lapse_at,
    take_over,
)

log = structlog.get_logger(__name__)

LEASE_MS = 10_000
LONGEST_WAIT_S = 60.0
"""How long a change waits for an earlier one of the same batch or group, in seconds."""
_LOOK_AGAIN_S = 0.05
_TELL_EVERY_S = 0.25
"""How often it is told that slices are done: whoever sends what the first ones made takes the store's writer from the
rest, so that a request is answered later."""

Plan = Callable[[Store, Work], Awaitable[Sequence[Slice]]]
"""Finds out what is still to be done; the last slice finishes the work."""


class Begun(Protocol):
    """The result of a command that may leave something to be carried out."""

    @property
    def work(self) -> Work | None: ...


B = TypeVar("B", bound=Begun | None)


class Works(Job):
    name = "works"

    def __init__(self, store: Store, plans: Mapping[str, Plan], on_slices: Callable[[], None]) -> None:
        """Do what each kind's plan says; `on_slices` is called while slices are done, and after the last."""
        super().__init__(asyncio.Event())
        self._store = store
        self._plans = plans
        self._on_slices = on_slices
        self._worker = new_id()
        self._doing: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        """Held for each slice: several at a time would be one transaction. Who waits is served in order."""

    async def decided(
        self,
        command: Callable[[Tx, Holder], B],
        slices: Callable[[B], Sequence[Slice]] | None = None,
        *,
        rows: int = 0,
        wait: bool = True,
    ) -> B:
        """Run a command that may begin work, and wait until that is carried out. Raises what the command raises.

        `slices` tells those of the work, if they are known without a plan; `rows` is how many rows the command may
        write. Without `wait` nothing but the command is waited for. What an earlier change of the same batch or group
        has not finished is waited for: UnderChange after a minute.
        """
        give_up_at = now_ms() + LONGEST_WAIT_S * 1_000
        while True:
            try:
                async with self._store.in_turn(rows):
                    begun = await self._store.write(lambda tx: command(tx, self.holder()))
                break
            except UnderChange:
                if now_ms() > give_up_at:
                    raise
                await asyncio.sleep(_LOOK_AGAIN_S)
        if begun is not None and begun.work is not None:
            doing = self._begin(begun.work, None if slices is None else slices(begun))
            if wait:
                await asyncio.shield(doing)
        return begun

    async def finished(self, work: Work, slices: Sequence[Slice]) -> None:
        """Wait until work that this process has begun is carried out by these slices."""
        await asyncio.shield(self._begin(work, slices))

    def _begin(self, work: Work, slices: Sequence[Slice] | None) -> asyncio.Task[None]:
        doing = asyncio.create_task(self._carry_out(work, slices), name=f"work-{work.kind}")
        self._doing.add(doing)
        doing.add_done_callback(self._over)
        return doing

    def _over(self, doing: asyncio.Task[None]) -> None:
        self._doing.discard(doing)
        if not doing.cancelled() and (error := doing.exception()) is not None:  # the job tries again
            log.warning("work put off", work=doing.get_name(), error=str(error))

    async def _carry_out(self, work: Work, slices: Sequence[Slice] | None = None) -> None:
        told_at = monotonic()
        try:
            for part in await self._plans[work.kind](self._store, work) if slices is None else slices:
                async with self._turn:
                    if self._stopping:
                        raise ShuttingDown
                    await self._store.write(carry_out, work, part, self.holder().lease_until)
                if monotonic() - told_at > _TELL_EVERY_S:
                    self._on_slices()
                    told_at = monotonic()
        except Lost:  # whoever has it carries it out; if nobody has, the job does
            self._wake.set()
        finally:
            self._on_slices()

    def holder(self) -> Holder:
        """Return who carries out what begins now: this process."""
        return Holder(self._worker, now_ms() + LEASE_MS)

    async def do_some(self) -> bool:
        if (due_at := await self.next_due_ms()) is None or due_at >= now_ms():
            return False
        work = await self._store.write(take_over, self.holder(), now_ms())
        if work is not None:
            await self._carry_out(work)
        return work is not None

    async def next_due_ms(self) -> int | None:
        return await self._store.read(next_lapse_at)

    async def run(self) -> None:
        try:
            await super().run()
        finally:
            await asyncio.gather(*self._doing, return_exceptions=True)
            await self._store.write(leave_works, self._worker)
