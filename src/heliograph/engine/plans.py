"""What is still to be done of changes that are carried out in slices, by the kind of work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

from heliograph.domain.instants import now_ms
from heliograph.domain.prices import Tariff
from heliograph.engine.works import Plan
from heliograph.store import Store
from heliograph.store.accounts import terms_of
from heliograph.store.batches import cancel_still_queued, filling, missing_of, note_missing, queued_of, quoted
from heliograph.store.membership import members_behind, moving
from heliograph.store.replacing import behind, replacing
from heliograph.store.tx import Tx
from heliograph.store.works import AT_ONCE, Slice, Work, WorkKind, finish

T = TypeVar("T")

PAGE = 5_000
"""How many rows are read at a time."""


def plans(tariff: Callable[[], Tariff]) -> Mapping[str, Plan]:
    """Return how to find out what is still to be done, by the kind of work, by the prices of that moment."""
    fill = partial(_filling, tariff)
    return {
        WorkKind.CANCEL: _canceling,
        WorkKind.FILL: fill,
        WorkKind.FILL_UNPAID: fill,
        WorkKind.REPLACE: partial(_replacing, tariff),
        WorkKind.MEMBERS: _moving,
    }


async def _filling(tariff: Callable[[], Tariff], store: Store, work: Work) -> list[Slice]:
    missing = await store.read(missing_of, work)
    agreed = tariff().under(await store.read(terms_of, work.account_id))
    fresh = await asyncio.to_thread(quoted, missing.batch, missing.msisdns, missing.silent, agreed)
    fresh = fresh._replace(used_ids=missing.used_ids)
    return [Slice(partial(note_missing, missing)), *filling(work, fresh)]


async def _replacing(tariff: Callable[[], Tariff], store: Store, work: Work) -> list[Slice]:
    found = await store.read(behind, work)
    agreed = tariff().under(await store.read(terms_of, work.account_id))
    return await asyncio.to_thread(replacing, work, found, agreed)


async def _moving(store: Store, work: Work) -> list[Slice]:
    return moving(work, await store.read(members_behind, work))


async def _canceling(store: Store, work: Work) -> list[Slice]:
    ids: list[str] = []
    while page := await store.read(queued_of, work.id, ids[-1] if ids else "", PAGE):
        ids += page

    def run(some: Sequence[str], tx: Tx) -> None:
        cancel_still_queued(tx, some, now_ms())

    return [*(Slice(partial(run, some)) for some in chunks(ids)), Slice(partial(_end, work))]


def _end(work: Work, tx: Tx) -> None:
    finish(tx, work)


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))
