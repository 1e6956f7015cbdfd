"""Closing accounts: nothing more is sent, and everything that was is kept.

An account is closed first, so that nobody is let in any more; then what waits is canceled, some messages in each
transaction, so that nobody else waits for all of them. A process that dies in between leaves an account that is closed,
and whose messages the next attempt cancels.

A batch that is being made or changed in slices (`store/works.py`) gets more messages while others are canceled, and one
of which none is stored yet has nothing to cancel. So its work is stopped first: the row is deleted, and whoever carries
it out finds that at its next slice, since a slice and this lock the same row. What was charged for messages that are
never written is given back, and what there is of the batch is counted anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import case, func, select, update

from heliograph.domain.batches import Pause, notify_of
from heliograph.domain.life import Change
from heliograph.domain.statuses import OPEN, Reason, Status
from heliograph.store.batches import batch_by_id, settle_work
from heliograph.store.changes import apply_changes
from heliograph.store.messages import of_batch
from heliograph.store.outbox import settle_if_empty
from heliograph.store.schema import accounts, batches, has_groups_to_expand, is_queued, messages, rents, works
from heliograph.store.tx import Tx, columns
from heliograph.store.works import Work, WorkKind

AT_ONCE = 1_000


def below(tx: Tx, account_id: str) -> list[str]:
    """List an account and all below it, whatever their level. Spans accounts: for whoever runs the installation."""
    found, level = [account_id], [account_id]
    while level:
        level = tx.column(select(accounts.c.id).where(tx.among(accounts.c.parent_id, level)).order_by(accounts.c.id))
        found += level
    return found


def close_accounts(tx: Tx, account_ids: Sequence[str], now_ms: int) -> list[str]:
    """Close those that are open, and let their rented numbers end when they are due; return those that were open."""
    tx.run(update(rents).where(tx.among(rents.c.account_id, account_ids)).values(auto_renew=0))
    open_ones = (tx.among(accounts.c.id, account_ids), accounts.c.closed_at.is_(None))
    found = tx.column(select(accounts.c.id).where(*open_ones).order_by(accounts.c.id).with_for_update())
    tx.run(update(accounts).where(*open_ones).values(closed_at=now_ms))
    return found


def stop_work(tx: Tx, account_ids: Sequence[str], now_ms: int) -> bool:
    """Stop one change of a batch that is carried out in slices, whoever does so, and cancel the batch; False: no more.

    Its messages that were written are left to `cancel_some`.
    """
    of_batches = (tx.among(works.c.account_id, account_ids), works.c.kind != WorkKind.MEMBERS.value)
    query = select(*columns(Work, works)).where(*of_batches).order_by(works.c.id).limit(1)
    work = tx.one(Work, query.with_for_update())
    if work is None:
        return False
    _mark_canceled(tx, account_ids, {work.id}, now_ms)
    settle_work(work, tx)
    _count_anew(tx, work, now_ms)
    return True


def _count_anew(tx: Tx, work: Work, now_ms: int) -> None:
    """Count the messages of a batch that gets no others, and let it not be held for its new contents any more."""
    batch = batch_by_id(tx, work.account_id, work.id)
    assert batch is not None  # noqa: S101 - what is under change is not deleted
    there = (messages.c.account_id == work.account_id, of_batch(work.id))
    notify = int(notify_of(batch.report, batch.options))  # which a half of them may not have yet
    tx.run(update(messages).where(*there, is_queued, messages.c.notify != notify).values(notify=notify))
    is_open = case((messages.c.status.in_(sorted(OPEN)), 1), else_=0)
    counts = tx.first(select(func.count(), func.coalesce(func.sum(is_open), 0)).where(*there))
    it = (batches.c.account_id == work.account_id, batches.c.id == work.id)
    waited_for = tx.value(select(batches.c.open_count).where(*it))
    assert counts is not None  # noqa: S101 - counts are one row
    tx.run(
        update(batches)
        .where(*it)
        .values(
            recipient_count=counts[0],
            open_count=None if waited_for is None else counts[1],
            pause=None if batch.pause is Pause.CHANGING else batches.c.pause,
        )
    )
    if waited_for and not counts[1]:
        settle_if_empty(tx, [work.id], now_ms)


def cancel_some(tx: Tx, account_ids: Sequence[str], now_ms: int) -> int:
    """Cancel some of the messages that wait, and what could make or bring back others; how many. 0: there are none."""
    mine = tx.among(messages.c.account_id, account_ids)
    waiting = tx.rows(
        select(messages.c.id, messages.c.batch_id)
        .where(mine, messages.c.status == Status.QUEUED.value)
        .order_by(messages.c.id)
        .limit(AT_ONCE)
        .with_for_update()
    )
    held = tx.column(
        select(messages.c.batch_id).where(mine, messages.c.status == Status.SENDING.value).distinct().limit(AT_ONCE)
    )
    to_expand = tx.column(
        select(batches.c.id)
        .where(tx.among(batches.c.account_id, account_ids), has_groups_to_expand)
        .order_by(batches.c.id)
        .limit(AT_ONCE)
    )
    _mark_canceled(tx, account_ids, {*(batch_id for _, batch_id in waiting), *held, *to_expand}, now_ms)
    reason = Reason.CANCELED_BY_CUSTOMER
    apply_changes(tx, [Change(message_id, Status.CANCELED, reason=reason) for message_id, _ in waiting], now_ms)
    settle_if_empty(tx, to_expand, now_ms)
    return len(waiting) + len(to_expand)


def _mark_canceled(tx: Tx, account_ids: Sequence[str], batch_ids: set[str], now_ms: int) -> None:
    """Mark batches as canceled, so that workers cancel what they hold now, or hand back later."""
    mine = (tx.among(batches.c.account_id, account_ids), tx.among(batches.c.id, batch_ids))
    one_less: Any = case((batches.c.expand_at.is_(None), batches.c.open_count), else_=batches.c.open_count - 1)
    values = {"canceled_at": now_ms, "modified_at": now_ms, "expand_at": None, "open_count": one_less}
    tx.run(update(batches).where(*mine, batches.c.canceled_at.is_(None)).values(values))
