"""Erasing one person's number, everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from heliograph.domain.instants import now_ms
from heliograph.domain.life import Change
from heliograph.domain.statuses import Reason, Status
from heliograph.store import Store, Tx
from heliograph.store.changes import apply_changes
from heliograph.store.erasing import (
    PLACES,
    SLICE,
    Key,
    Place,
    batches_under_way_to,
    batches_with,
    ended_to,
    erase_in,
    erase_in_batches,
    erase_messages,
    erase_optouts,
    found_in,
    optouts_of,
    waiting_for,
)

T = TypeVar("T")


class Erased(NamedTuple):
    """What was found of a number."""

    rows: dict[str, int]
    """Rows by table that were deleted or blanked; of a dry run, those that would be, as far as they name it."""
    canceled: int
    """Messages that waited and were canceled."""
    on_their_way: int
    """Messages that a provider has, or is just being given, and batches whose messages are being made: they are there
    until they end."""
    optouts: int
    """Opt-outs that were kept."""


async def erase(
    store: Store, msisdn: str, account_id: str | None, *, dry_run: bool = False, forget_optouts: bool = False
) -> Erased:
    """Erase a number from the data of one account, or of all; what waits to be sent to it is canceled.

    Safe to repeat, and to be repeated by who did not hear that it was done. An opt-out stays unless it is to be
    forgotten: without it the number would be written to again.
    """
    waiting = await store.read(waiting_for, msisdn, account_id)
    rows: Counter[str] = Counter()

    async def slices(found: Sequence[T], table: str, command: Callable[[Tx, Sequence[T]], dict[str, int]]) -> None:
        if dry_run:
            rows[table] += len(found)
            return
        for begin in range(0, len(found), SLICE):
            rows.update(await store.write(command, found[begin : begin + SLICE]))

    if not dry_run:
        canceled = [Change(each, Status.CANCELED, Reason.CANCELED_BY_CUSTOMER) for each in waiting]
        for begin in range(0, len(canceled), SLICE):
            await store.write(apply_changes, canceled[begin : begin + SLICE], now_ms())
    await slices(await store.read(ended_to, msisdn, account_id), "messages", erase_messages)
    on_their_way = await store.read(batches_under_way_to, msisdn, account_id)
    named = await store.read(batches_with, msisdn, account_id)
    on_their_way += [batch_id for batch_id, is_busy in named.items() if is_busy]
    await slices(
        [each for each in named if each not in set(on_their_way)],
        "batches",
        lambda tx, ids: erase_in_batches(tx, msisdn, ids),
    )
    for place in PLACES:
        keys = await store.read(found_in, place, msisdn, account_id)
        await slices(keys, place.table.name, partial(_erase_in, place))
    kept = await store.read(optouts_of, msisdn, account_id)
    if forget_optouts:
        if dry_run:
            rows["optouts"] += kept
        else:
            rows.update(await store.write(erase_optouts, msisdn, account_id))
        kept = 0
    return Erased(
        {table: count for table, count in sorted(rows.items()) if count}, len(waiting), len(on_their_way), kept
    )


def _erase_in(place: Place, tx: Tx, keys: Sequence[Key]) -> dict[str, int]:
    return erase_in(tx, place, keys)
