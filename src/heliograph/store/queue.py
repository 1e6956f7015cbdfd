"""The messages table as the queue: due messages are leased to workers in chunks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, func, select

from heliograph.domain.statuses import Reason, Status
from heliograph.store.batches import SendingFacts, sending_facts
from heliograph.store.changes import Applied, Change, apply_changes
from heliograph.store.optouts import opted_out_among
from heliograph.store.schema import is_falling_back, is_queued, is_sending, messages
from heliograph.store.tx import Tx


class Claim(msgspec.Struct, frozen=True):
    """A request for work."""

    worker: str
    limit: int
    now_ms: int
    lease_until: int


class Leased(msgspec.Struct, frozen=True):
    """A message in the hands of this worker until its lease ends."""

    id: str
    account_id: str
    batch_id: str
    msisdn: str
    attempts: int
    """This one included."""
    expire_at: int
    opted_out: bool
    channel: str
    leg: int
    """Which of the batch's bodies it has."""


class Work(msgspec.Struct, frozen=True):
    """A chunk of leased messages and what is needed of their batches."""

    messages: Sequence[Leased]
    batches: dict[str, SendingFacts]


def claim_due(tx: Tx, claims: Sequence[Claim]) -> list[Work]:
    """Leases due messages, oldest first, to each asking worker. Spans accounts."""
    return [_claim(tx, claim) for claim in claims]


def due_messages(now_ms: int, limit: int) -> Select[*tuple[Any, ...]]:
    """What is claimed: due messages, oldest first, those that no other worker is looking at."""
    return (
        select(
            messages.c.id,
            messages.c.account_id,
            messages.c.batch_id,
            messages.c.msisdn,
            messages.c.attempts,
            messages.c.expire_at,
            messages.c.channel,
            messages.c.leg,
        )
        .where(is_queued, messages.c.due_at <= now_ms)
        .order_by(messages.c.due_at, messages.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _claim(tx: Tx, claim: Claim) -> Work:
    with tx.in_index_order():
        rows = tx.rows(due_messages(claim.now_ms, claim.limit))
    if not rows:
        return Work([], {})
    tx.update(
        messages,
        "id",
        ("attempts",),
        [(row[0], row[4] + 1) for row in rows],
        {"status": Status.SENDING.value, "worker": claim.worker, "lease_until": claim.lease_until},
    )
    by_account: dict[str, list[str]] = {}
    for row in rows:
        by_account.setdefault(row[1], []).append(row[3])
    silent = opted_out_among(tx, by_account.items())
    leased = [
        Leased(row[0], row[1], row[2], row[3], row[4] + 1, row[5], (row[1], row[3]) in silent, row[6], row[7])
        for row in rows
    ]
    return Work(leased, sending_facts(tx, {row[2] for row in rows}))


def next_due_at(tx: Tx) -> int | None:
    """When the next waiting message is due, in milliseconds since 1970; None if none waits. Spans accounts."""
    value: int | None = tx.value(
        select(messages.c.due_at).where(is_queued).order_by(messages.c.due_at, messages.c.id).limit(1)
    )
    return value


def take_back_lapsed(
    tx: Tx, now_ms: int, limit: int, decide: Callable[[str, str, str], tuple[Status, str | None]]
) -> Sequence[Applied]:
    """Lets go of messages whose worker let the lease end: it died, or lost the database. At most `limit`.

    Nobody knows whether such a message went out: `decide(account, msisdn, channel)` says what becomes of it, and why.
    Spans accounts.
    """
    rows = tx.rows(
        select(messages.c.id, messages.c.account_id, messages.c.msisdn, messages.c.channel)
        .where(is_sending, messages.c.lease_until < now_ms)
        .order_by(messages.c.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    changes = []
    for message_id, account_id, msisdn, channel in rows:
        status, reason = decide(account_id, msisdn, channel)
        changes.append(Change(message_id, status, reason=reason))
    return apply_changes(tx, changes, now_ms)


def fall_back_late(tx: Tx, now_ms: int, limit: int) -> Sequence[Applied]:
    """Gives up on channels that had their time and did not deliver; their messages go on by the next. At most `limit`.

    Spans accounts.
    """
    rows = tx.rows(
        select(messages.c.id)
        .where(is_falling_back, messages.c.fall_back_at <= now_ms)
        .order_by(messages.c.fall_back_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    late = [Change(row[0], Status.EXPIRED, reason=Reason.NOT_IN_TIME) for row in rows]
    return apply_changes(tx, late, now_ms)


def next_fall_back_at(tx: Tx) -> int | None:
    """When the next channel's time is over, in milliseconds since 1970; None if none is waited for. Spans accounts."""
    value: int | None = tx.value(
        select(messages.c.fall_back_at).where(is_falling_back).order_by(messages.c.fall_back_at).limit(1)
    )
    return value


def end_leases(tx: Tx, worker: str | None = None) -> int:
    """Ends all leases, or one worker's, at once: for the only process of a store as it starts, a worker as it stops."""
    query = select(messages.c.id).where(is_sending)
    if worker is not None:
        query = query.where(messages.c.worker == worker)
    ids = [(row[0], 0) for row in tx.rows(query.order_by(messages.c.id).with_for_update())]
    return tx.update(messages, "id", ("lease_until",), ids)


def extend_leases(tx: Tx, worker: str, message_ids: Sequence[str], lease_until: int) -> int:
    """Holds a worker's messages for longer; those that another has taken meanwhile are left alone."""
    held = tx.rows(
        select(messages.c.id)
        .where(tx.among(messages.c.id, message_ids), is_sending, messages.c.worker == worker)
        .order_by(messages.c.id)  # as everywhere, so that nobody waits for one who waits for them
        .with_for_update()
    )
    return tx.update(messages, "id", ("lease_until",), [(row[0], lease_until) for row in held])


def depth(tx: Tx) -> dict[str, int]:
    """How many messages are queued and sending. Reads the partial indexes, never the table. Spans accounts."""
    wanted = {Status.QUEUED.value: is_queued, Status.SENDING.value: is_sending}
    return {
        name: int(tx.value(select(func.count()).select_from(messages).where(rows))) for name, rows in wanted.items()
    }
