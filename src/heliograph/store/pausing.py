"""Batches that pause and go on.

The decision is one field of the batch, and in force as soon as it is committed: a worker that claims a message of a
paused batch sets it aside. Taking the others out of the queue, and putting all back, is done in chunks, each of which
may be the last before a crash: what is left to do is in the rows themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import func, select, update

from heliograph.domain.batches import HOLDING, Options, Pause, PauseReason
from heliograph.domain.messages import Waiting
from heliograph.domain.releases import Release, Standing
from heliograph.domain.statuses import OPEN, Status
from heliograph.store.counting import tell_of_pauses
from heliograph.store.messages import of_batch
from heliograph.store.schema import (
    batches,
    is_held_for_share,
    is_pausing_or_resuming,
    is_queued,
    is_set_aside,
    messages,
    optouts,
)
from heliograph.store.tx import Tx

SET_ASIDE: Mapping[str, Any] = {"set_aside": 1, "waits_at": None, "why_queued": Waiting.PAUSED.value}
"""What is written of a message that is kept out of the queue: it leaves the line at which it waited."""
_PUT_BACK: Mapping[str, Any] = {"set_aside": None, "why_queued": None}
_OPEN = {status.value for status in OPEN}


def pause_batch(tx: Tx, account_id: str, batch_id: str) -> bool | None:
    """Pause a batch: from now on nothing more of it is handed to workers.

    Returns None if there is no such batch, or it was canceled; False if it is paused already.
    """
    return _turn(tx, account_id, batch_id, Pause.PAUSING, PauseReason.CUSTOMER)


def resume_batch(tx: Tx, account_id: str, batch_id: str) -> bool | None:
    """Let a paused batch go on.

    Returns None if there is no such batch, or it was canceled; False if it is not paused.
    """
    return _turn(tx, account_id, batch_id, Pause.RESUMING, None)


def _turn(tx: Tx, account_id: str, batch_id: str, then: Pause, reason: PauseReason | None) -> bool | None:
    mine = (batches.c.account_id == account_id, batches.c.id == batch_id)
    query = select(batches.c.pause, batches.c.pause_reason, batches.c.canceled_at).where(*mine)
    row = tx.first(query.with_for_update())
    if row is None:
        return None
    pause, why, canceled_at = row
    if canceled_at is not None:
        return None
    changing = pause == Pause.CHANGING
    paused = why is not None if changing else pause in HOLDING
    if paused == (then is Pause.PAUSING):
        return False
    # One that is being changed is held anyway; what it is told now holds from the end of that.
    values: dict[str, Any] = {"pause": pause if changing else then.value, "pause_reason": reason and reason.value}
    if then is Pause.RESUMING:  # it has been looked at: what failed before counts no longer
        values |= {name: 0 for name in ("settled_count", "failed_count") if _is_watched(tx, account_id, batch_id)}
    tx.run(update(batches).where(*mine).values(**values))
    return True


def _is_watched(tx: Tx, account_id: str, batch_id: str) -> bool:
    mine = (batches.c.account_id == account_id, batches.c.id == batch_id)
    return tx.value(select(batches.c.settled_count).where(*mine)) is not None


class Moved(msgspec.Struct, frozen=True):
    """A chunk of a batch's messages that were taken out of the queue, or put back."""

    batch_id: str
    last_id: str
    """The last message that was looked at; those before it need not be looked at again."""
    over: bool


def move_paused(tx: Tx, limit: int, looked_at: Mapping[str, str]) -> Moved | None:
    """Move a chunk of one batch's messages out of the queue, if it is pausing, or back, if it goes on.

    At most `limit`; of a batch in `looked_at` only messages behind the one that is there. Returns None if no batch is
    pausing or going on. Spans accounts.
    """
    row = tx.first(
        select(batches.c.id, batches.c.pause)
        .where(is_pausing_or_resuming)
        .order_by(batches.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return None
    batch_id, pause = row
    query = select(messages.c.id)
    if pause == Pause.PAUSING:
        # One that comes back to the queue behind this is set aside when a worker claims it.
        behind = messages.c.id > looked_at.get(batch_id, "")
        query = query.where(of_batch(batch_id), behind, is_queued, messages.c.set_aside.is_(None))
    else:
        query = query.where(messages.c.batch_id == batch_id, is_queued, is_set_aside)
    ids = tx.column(query.order_by(messages.c.id).limit(limit).with_for_update())
    if ids:
        values = SET_ASIDE if pause == Pause.PAUSING else _PUT_BACK
        tx.run(update(messages).where(tx.among(messages.c.id, ids)).values(**values))
    if len(ids) < limit:
        then = Pause.PAUSED.value if pause == Pause.PAUSING else None
        tx.run(update(batches).where(batches.c.id == batch_id).values(pause=then))
    return Moved(batch_id, max(ids, default=""), over=len(ids) < limit)


def is_anything_moving(tx: Tx) -> bool:
    """Say whether `move_paused` has something to do. Spans accounts."""
    return tx.first(select(batches.c.id).where(is_pausing_or_resuming).limit(1)) is not None


class Held(NamedTuple):
    """A batch that waits for what becomes of a share of it."""

    id: str
    account_id: str
    release: Release


def held_for_shares(tx: Tx, *, limit: int, after: str = "") -> list[Held]:
    """List batches that wait for what becomes of a share, behind `after`. Spans accounts."""
    query = select(batches.c.id, batches.c.account_id, batches.c.options)
    query = query.where(is_held_for_share, batches.c.canceled_at.is_(None), batches.c.id > after)
    found = tx.rows(query.order_by(batches.c.id).limit(limit))
    held = [
        (batch_id, account_id, msgspec.json.decode(options, type=Options)) for batch_id, account_id, options in found
    ]
    return [Held(batch_id, account_id, options.release or Release()) for batch_id, account_id, options in held]


def standing_of(tx: Tx, account_id: str, batch_id: str) -> Standing:
    """Count what has become of a batch's messages, and how many recipients have opted out since it was made."""
    mine = (messages.c.account_id == account_id, of_batch(batch_id))
    counts = tx.pairs(select(messages.c.status, func.count().label("count")).where(*mine).group_by(messages.c.status))
    since = select(batches.c.created_at).where(batches.c.account_id == account_id, batches.c.id == batch_id)
    opted_out = select(func.count()).select_from(
        messages.join(
            optouts, (optouts.c.account_id == messages.c.account_id) & (optouts.c.msisdn == messages.c.msisdn)
        )
    )
    delivered, canceled = (counts.get(status.value, 0) for status in (Status.DELIVERED, Status.CANCELED))
    ended = sum(count for status, count in counts.items() if status not in _OPEN)
    return Standing(
        messages=sum(counts.values()) - canceled,
        ended=ended - canceled,
        delivered=delivered,
        failed=ended - delivered - canceled,
        opted_out=tx.value(opted_out.where(*mine, optouts.c.created_at >= since.scalar_subquery())),
    )


def decide_on_held(tx: Tx, held: Held, now_ms: int, *, go_on: bool) -> bool:
    """Let a batch go on that waits for a share of it, or leave it paused as one of which too much failed.

    Returns False, and changes nothing, if somebody has decided meanwhile.
    """
    mine = (batches.c.account_id == held.account_id, batches.c.id == held.id, is_held_for_share)
    if go_on:
        waits = tx.first(select(batches.c.id).where(*mine).with_for_update()) is not None
        return waits and bool(resume_batch(tx, held.account_id, held.id))
    stopped = tx.run(update(batches).where(*mine).values(pause_reason=PauseReason.FAILURES.value))
    if stopped:
        tell_of_pauses(tx, [held.id], now_ms)
    return bool(stopped)
