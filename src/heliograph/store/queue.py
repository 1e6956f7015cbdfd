"""The messages table as the queue: due messages are leased to workers in chunks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Select, exists, func, literal_column, select

from heliograph.domain.batches import HOLDING
from heliograph.domain.life import Change, Transition
from heliograph.domain.messages import Waiting
from heliograph.domain.priorities import Priority
from heliograph.domain.statuses import Reason, Status
from heliograph.store.batches import SendingFacts, sending_facts
from heliograph.store.changes import apply_changes
from heliograph.store.optouts import opted_out_among
from heliograph.store.pacing import Pace, provider_of, take_held
from heliograph.store.pausing import line_of_paused
from heliograph.store.schema import batches, is_falling_back, is_free, is_held, is_queued, is_sending, messages, paces
from heliograph.store.tx import Tx


class Claim(msgspec.Struct, frozen=True):
    """A request for work."""

    worker: str
    limit: int
    now_ms: int
    lease_until: int
    paces: Sequence[Pace] = ()
    """The lines at which messages wait that this worker may send by now."""


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
    line: str | None = None
    """The provider at whose line it waited: it goes by that."""
    tried: str = ""
    """Providers that are not to be asked again, separated by spaces."""


class Work(msgspec.Struct, frozen=True):
    """A chunk of leased messages and what is needed of their batches."""

    messages: Sequence[Leased]
    batches: dict[str, SendingFacts]
    more: bool = False
    """There may be more that is due."""


def claim_due(tx: Tx, claims: Sequence[Claim]) -> list[Work]:
    """Leases messages to each asking worker: those that waited at a line and may go by it now, then due ones, the most
    urgent first and the oldest of these. Spans accounts."""
    return [_claim(tx, claim) for claim in claims]


CLAIMED = tuple(
    messages.c[name]
    for name in (
        *("id", "account_id", "batch_id", "msisdn", "attempts", "expire_at", "channel", "leg"),
        *("line", "tried"),
    )
)


def due_messages(now_ms: int, limit: int, priority: Priority = Priority.NORMAL) -> Select[*tuple[Any, ...]]:
    """What is claimed of one priority: due messages, oldest first, those that no other worker is looking at."""
    return (
        select(*CLAIMED)
        .where(is_queued, is_free, _has(priority), messages.c.due_at <= now_ms)
        .order_by(messages.c.due_at, messages.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _claim(tx: Tx, claim: Claim) -> Work:
    rows: list[Sequence[Any]] = []
    at_lines, *due = _who_waits(tx, claim.now_ms)
    with tx.in_index_order():
        if at_lines and claim.paces:
            rows += take_held(tx, claim.paces, CLAIMED, claim.now_ms, claim.limit)
        for priority, waits in zip(Priority, due, strict=True):
            if waits and len(rows) < claim.limit:
                rows += tx.rows(due_messages(claim.now_ms, claim.limit - len(rows), priority))
    if not rows:
        return Work([], {})
    more = len(rows) == claim.limit
    facts = sending_facts(tx, {row[2] for row in rows})
    if any(batch.pause in HOLDING for batch in facts.values()):
        rows = _set_paused_aside(tx, rows, facts)
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
        Leased(
            row[0],
            row[1],
            row[2],
            row[3],
            row[4] + 1,
            row[5],
            (row[1], row[3]) in silent,
            row[6],
            row[7],
            provider_of(row[8]),
            row[9] or "",
        )
        for row in rows
    ]
    return Work(leased, facts, more)


def _who_waits(tx: Tx, now_ms: int) -> Sequence[Any]:
    """Whether anybody waits at a line, and whether messages of each priority are due: one look, so that a claim does
    not pay for what is not there."""
    due = [
        exists(select(messages.c.id).where(is_queued, is_free, _has(priority), messages.c.due_at <= now_ms))
        for priority in Priority
    ]
    found = tx.first(select(exists(select(paces.c.line)), *due))
    assert found is not None  # noqa: S101 - it asks for values, not for rows
    return found


def _has(priority: Priority) -> ColumnElement[bool]:
    """A literal, so that the index on the queue serves."""
    return messages.c.priority == literal_column(str(int(priority)))


def _set_paused_aside(tx: Tx, rows: Sequence[Sequence[Any]], facts: dict[str, SendingFacts]) -> list[Sequence[Any]]:
    """Takes messages of paused batches out of the queue; those that are left.

    The batches are kept as they are until this is committed: one that goes on must find all that was set aside.
    """
    paused = [batch.id for batch in facts.values() if batch.pause in HOLDING]
    holding = [pause.value for pause in HOLDING]
    query = select(batches.c.id).where(tx.among(batches.c.id, paused), tx.among(batches.c.pause, holding))
    still = {row[0] for row in tx.rows(query.order_by(batches.c.id).with_for_update(read=True))}
    aside = [(row[0], line_of_paused(row[2])) for row in rows if row[2] in still]
    tx.update(messages, "id", ("line",), aside, {"reason": Waiting.PAUSED.value})
    return [row for row in rows if row[2] not in still]


def next_due_at(tx: Tx) -> int | None:
    """When the next message that waits for its time is due, in milliseconds since 1970; None: there is none.

    Spans accounts.
    """
    each = [
        select(messages.c.due_at)
        .where(is_queued, is_free, _has(priority))
        .order_by(messages.c.due_at, messages.c.id)
        .limit(1)
        .scalar_subquery()
        .label(priority.name)
        for priority in Priority
    ]
    row = tx.first(select(*each))
    return min((due_at for due_at in row or () if due_at is not None), default=None)


class Lapsed(NamedTuple):
    """A message whose worker let the lease end."""

    id: str
    account_id: str
    msisdn: str
    channel: str
    parts: int | None
    originator: str | None
    tags: str
    """JSON."""
    line: str | None
    """The provider at whose line it waited before."""


def take_back_lapsed(
    tx: Tx, now_ms: int, limit: int, decide: Callable[[Lapsed], tuple[Status, str | None]]
) -> Sequence[Transition]:
    """Lets go of messages whose worker let the lease end: it died, or lost the database. At most `limit`.

    Nobody knows whether such a message went out: `decide` says what becomes of it, and why. Spans accounts.
    """
    names = ("id", "account_id", "msisdn", "channel", "parts")
    rows = tx.rows(
        select(*(messages.c[name] for name in names), batches.c.originator, batches.c.tags, messages.c.line)
        .join_from(messages, batches, batches.c.id == messages.c.batch_id)
        .where(is_sending, messages.c.lease_until < now_ms)
        .order_by(messages.c.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True, of=messages)
    )
    changes = []
    for row in rows:
        status, reason = decide(Lapsed(row[0], row[1], row[2], row[3], row[4], row[5], row[6], provider_of(row[7])))
        changes.append(Change(row[0], status, reason=reason))
    return apply_changes(tx, changes, now_ms)


def fall_back_late(tx: Tx, now_ms: int, limit: int) -> Sequence[Transition]:
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
    wanted = {"free": (is_queued, is_free), "held": (is_queued, is_held), Status.SENDING.value: (is_sending,)}
    found = {
        name: int(tx.value(select(func.count()).select_from(messages).where(*rows))) for name, rows in wanted.items()
    }
    return {Status.QUEUED.value: found.pop("free") + found.pop("held")} | found
