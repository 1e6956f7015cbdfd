"""Counts that batches keep of their messages: how many they wait for, and how many have failed.

The problem. The end of a batch is called back, and a batch may pause by itself when too much of it fails. Both hang on
counts of messages that many workers settle at the same time, in chunks that mix batches; counting the rows at every
change would cost more than the sending.

How it works. A batch keeps counts only where something hangs on them: `open_count`, if its end is called back, begins
at the number of its messages (one more, while its groups are not looked up yet), and a message that settles takes one
off; `settled_count` and `failed_count`, if it pauses by itself, begin at none. Each message carries what it is counted
for (`Notify`), so that most chunks look at no batch at all. The batches of a chunk are locked in the order of their
identifiers before their counts are read: of two workers who settle a batch's last two messages exactly one finds that
none is left.

What holds. A message is counted once: what settles it is a transition from an open status to a settled one, and there
is only one of those in its life (`domain/life.py`); UNKNOWN that ends better is not counted again. Counts are written
in the transaction of the changes that they count, before the events that hang on them, so a crash loses both or
neither. A batch that has begun to pause, or was paused by its customer, is not paused again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, select

from heliograph.domain.batches import Options, Pause, PauseReason
from heliograph.domain.callbacks import NATIVE, EventKind
from heliograph.domain.life import Transition
from heliograph.store.outbox import NewEvent, add_events, targets_of
from heliograph.store.prepared import Given, among, prepared
from heliograph.store.schema import batches
from heliograph.store.tx import Row, Tx, columns

_decode_options = msgspec.json.Decoder(Options).decode


class _Open(Row, frozen=True):
    id: str
    open_count: int | None
    """None: its new contents, which its messages get in slices, are without an end that is told."""


@prepared(_Open)
def _open(ids: Given) -> Select[*tuple[Any, ...]]:
    return select(*columns(_Open, batches)).where(among(batches.c.id, ids)).order_by(batches.c.id).with_for_update()


def count_down(tx: Tx, taken: Sequence[Transition]) -> None:
    """Take settled messages off the count that their batches wait for, if the end is called back. Spans accounts."""
    settled = Counter(each.batch_id for each in taken if each.ends_in_batch)
    if not settled:
        return
    waiting = tx.fetch(_open, ids=settled)
    left = [_Open(each.id, each.open_count - settled[each.id]) for each in waiting if each.open_count is not None]
    tx.update(batches, left)


class _Watched(Row, frozen=True):
    """A batch that pauses by itself when too many of its messages fail."""

    id: str
    settled_count: int | None
    failed_count: int | None
    options: str
    """The options as JSON."""
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
    """Count what has settled and failed of batches that pause by themselves, and pause those that must.

    Spans accounts.
    """
    settled = Counter(each.batch_id for each in taken if each.is_counted)
    if not settled:
        return
    failed = Counter(each.batch_id for each in taken if each.is_counted and each.counts_as_failed)
    watching = columns(_Watched, batches, options=batches.c.options)  # not NULL where they say when to pause
    query = select(*watching).where(tx.among(batches.c.id, settled))
    watched = tx.all(_Watched, query.order_by(batches.c.id).with_for_update())
    counts = [
        _Counts(each.id, (each.settled_count or 0) + settled[each.id], (each.failed_count or 0) + failed[each.id])
        for each in watched
    ]
    tx.update(batches, counts)
    # Only a chunk with a failure in it pauses a batch: what is delivered makes the share of failures smaller.
    pausing = [
        each.id
        for each, count in zip(watched, counts, strict=True)
        if each.pause is None and failed[each.id] and _too_many_failed(_decode_options(each.options), count)
    ]
    if pausing:
        why = (Pause.PAUSING.value, PauseReason.FAILURES.value)
        tx.update(batches, [_Paused(batch_id, *why) for batch_id in pausing])
        tell_of_pauses(tx, pausing, now_ms)


def _too_many_failed(rule: Options, count: _Counts) -> bool:
    most = 1.0 if rule.pause_share is None else rule.pause_share
    return count.settled_count >= rule.pause_after and count.failed_count > most * count.settled_count


def tell_of_pauses(tx: Tx, batch_ids: Sequence[str], now_ms: int) -> None:
    """Write that these batches have paused by themselves, for those who are told. Spans accounts."""
    targets = targets_of(tx, batch_ids)
    # Only the native API can ask for it; the others have no words for it.
    told = [
        NewEvent(each.account_id, NATIVE, each.sink, EventKind.BATCH_PAUSED, each.id)
        for each in targets.values()
        if each.protocol == NATIVE and each.sink is not None
    ]
    add_events(tx, told, now_ms)
