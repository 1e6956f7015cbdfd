"""What batches count of their messages: those that they wait for, and those that failed.

Both are kept only where something hangs on them: `open_count` where the end of the batch is called back, the other two
where the batch pauses by itself. Each batch is locked before its count is read, so that of two workers who settle its
last two messages exactly one finds that none is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from sqlalchemy import select

from heliograph.domain.batches import Options, Pause, PauseReason
from heliograph.domain.callbacks import NATIVE, EventKind
from heliograph.domain.life import Transition
from heliograph.store.outbox import NewEvent, add_events, targets_of
from heliograph.store.schema import batches
from heliograph.store.tx import Row, Tx, columns

_decode_options = msgspec.json.Decoder(Options).decode


class _Open(Row, frozen=True):
    id: str
    open_count: int


def count_down(tx: Tx, taken: Sequence[Transition]) -> None:
    """Takes settled messages off what those batches wait for whose end is called back. Spans accounts."""
    settled = Counter(each.batch_id for each in taken if each.ends_in_batch)
    if not settled:
        return
    query = select(*columns(_Open, batches)).where(tx.among(batches.c.id, settled))
    waiting = tx.all(_Open, query.order_by(batches.c.id).with_for_update())
    tx.update(batches, [_Open(each.id, each.open_count - settled[each.id]) for each in waiting])


class _Watched(Row, frozen=True):
    """A batch that pauses by itself."""

    id: str
    settled_count: int | None
    failed_count: int | None
    options: str
    """JSON."""
    pause: str | None


class _Counts(Row, frozen=True):
    id: str
    settled_count: int
    failed_count: int


class _Paused(Row, frozen=True):
    id: str
    pause: str
    pause_reason: str


def count_ends(tx: Tx, taken: Sequence[Transition], now_ms: int) -> None:
    """Counts what has settled, and how much of it failed, where batches pause by themselves; pauses those that must.

    Spans accounts.
    """
    settled = Counter(each.batch_id for each in taken if each.is_counted)
    if not settled:
        return
    failed = Counter(each.batch_id for each in taken if each.is_counted and each.counts_as_failed)
    query = select(*columns(_Watched, batches)).where(tx.among(batches.c.id, settled))
    watched = tx.all(_Watched, query.order_by(batches.c.id).with_for_update())
    counts = [
        _Counts(each.id, (each.settled_count or 0) + settled[each.id], (each.failed_count or 0) + failed[each.id])
        for each in watched
    ]
    tx.update(batches, counts)
    pausing = [
        each.id
        for each, count in zip(watched, counts, strict=True)
        if each.pause is None and failed[each.id] and _too_many_failed(_decode_options(each.options), count)
    ]
    if pausing:
        why = (Pause.PAUSING.value, PauseReason.FAILURES.value)
        tx.update(batches, [_Paused(batch_id, *why) for batch_id in pausing])
        _tell_of_pauses(tx, pausing, now_ms)


def _too_many_failed(rule: Options, count: _Counts) -> bool:
    most = 1.0 if rule.pause_share is None else rule.pause_share
    return count.settled_count >= rule.pause_after and count.failed_count > most * count.settled_count


def _tell_of_pauses(tx: Tx, batch_ids: Sequence[str], now_ms: int) -> None:
    targets = targets_of(tx, batch_ids)
    # Only the native API can ask for it; the others have no words for it.
    told = [
        NewEvent(each.account_id, NATIVE, each.sink, EventKind.BATCH_PAUSED, each.id)
        for each in targets.values()
        if each.protocol == NATIVE and each.sink is not None
    ]
    add_events(tx, told, now_ms)
