"""The messages table as the queue: due messages are leased to workers in chunks.

How it works. A message that is `queued` is due at `due_at`, in the order of its priority. One that `waits_at` a line
waits there, however long it has been due (`store/pacing.py`), and one that is `set_aside` is no part of the queue until
its batch goes on (`store/pausing.py`). `claim_due` locks the first of
them, steps over those that another claim has locked (so claims never wait for each other), and makes them `sending`:
from then on they are the worker's until `lease_until`, and no other touches them. The attempt is counted here, before
anything goes out, so that one that ended with its process is counted too.

Who holds what. While a chunk is in flight its worker extends the lease (`extend_leases`). An outcome, a receipt or a
cancellation ends the lease with the status, in one statement. A lease that ended by time is found by any process
(`take_back_lapsed`), which says what becomes of a message that may or may not have gone out.

If a process dies before a claim is committed, nothing was claimed. If it dies after, the messages stay `sending`, with
nobody at work on them, until the lease ends. A worker that was merely slow may still have sent them then: its outcome
is held against the table like any other change, and `extend_leases` leaves alone what is not its own any more.

Locks are taken in the order that all keep: lines, messages, batches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Select, exists, func, literal_column, select

from heliograph.domain.batches import HOLDING
from heliograph.domain.life import Change, Claimed, Queued, Transition, claimed
from heliograph.domain.priorities import Priority
from heliograph.domain.statuses import Reason, Status
from heliograph.store.batches import SendingFacts, sending_facts
from heliograph.store.changes import apply_changes
from heliograph.store.optouts import opted_out_among
from heliograph.store.pacing import Pace, provider_of, take_held
from heliograph.store.pausing import SET_ASIDE
from heliograph.store.prepared import Given, Prepared, prepared
from heliograph.store.schema import (
    batches,
    is_at_line,
    is_falling_back,
    is_free,
    is_queued,
    is_sending,
    is_set_aside,
    messages,
    paces,
)
from heliograph.store.tx import Row, Tx, columns


class Claim(msgspec.Struct, frozen=True):
    """A worker's request for messages."""

    worker: str
    limit: int
    now_ms: int
    lease_until: int
    paces: Sequence[Pace] = ()
    """The providers that this worker may send to now, at whose lines messages wait."""


class Leased(msgspec.Struct, frozen=True):
    """A message in the hands of this worker until its lease ends."""

    id: str
    account_id: str
    batch_id: str
    msisdn: str
    attempts: int
    """The number of attempts, with the one that begins now."""
    expire_at: int
    opted_out: bool
    channel: str
    leg: int
    """Which of the batch's bodies it has: 0 is the first, n the nth fallback."""
    route: str | None = None
    """The provider at whose line it waited, and by which it goes; None if it waited at none."""
    passed_on_by: str = ""
    """Providers that are not to be asked again, separated by spaces."""


class Work(msgspec.Struct, frozen=True):
    """A chunk of leased messages, with what is needed of their batches."""

    messages: Sequence[Leased]
    batches: dict[str, SendingFacts]
    more: bool = False
    """Whether there may be more that is due."""


def claim_due(tx: Tx, claims: Sequence[Claim]) -> list[Work]:
    """Lease messages to each asking worker. Spans accounts.

    First come those that waited at a line and may go by it now, then due ones, the most urgent first and the oldest of
    these.
    """
    return [_claim(tx, claim) for claim in claims]


def due_messages(now_ms: Given, limit: Given, priority: Priority = Priority.NORMAL) -> Select[*tuple[Any, ...]]:
    """Build the query for due messages of one priority, oldest first, that no other worker is looking at.

    Spans accounts.
    """
    return (
        select(*columns(Queued, messages))
        .where(is_queued, is_free, _has(priority), messages.c.due_at <= now_ms)
        .order_by(messages.c.due_at, messages.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _due(priority: Priority) -> Prepared[Queued]:
    return prepared(Queued)(lambda now_ms, limit: due_messages(now_ms, limit, priority))


_DUE = tuple(_due(priority) for priority in Priority)


def _claim(tx: Tx, claim: Claim) -> Work:
    waiting = _next_in_turn(tx, claim)
    if not waiting:
        return Work([], {})
    more = len(waiting) == claim.limit
    facts = sending_facts(tx, {message.batch_id for message in waiting})
    if any(batch.pause in HOLDING for batch in facts.values()):
        waiting = _set_paused_aside(tx, waiting, facts)
    held = [(message, taken) for message in waiting if (taken := claimed(message)) is not None]
    lease = {"worker": claim.worker, "lease_until": claim.lease_until}
    tx.update(messages, [taken for _, taken in held], lease)
    by_account: dict[str, list[str]] = {}
    for message in waiting:
        by_account.setdefault(message.account_id, []).append(message.msisdn)
    silent = opted_out_among(tx, by_account.items())
    return Work([_leased(message, taken, silent) for message, taken in held], facts, more)


def _next_in_turn(tx: Tx, claim: Claim) -> list[Queued]:
    """Lock the messages that a claim gets: first those at lines that may go, then due ones, the urgent before."""
    found: list[Queued] = []
    (waits,) = tx.fetch(_who_waits, now_ms=claim.now_ms)
    with tx.in_index_order():
        if waits.at_lines and claim.paces:
            found += take_held(tx, claim.paces, claim.now_ms, claim.limit)
        for due, query in zip((waits.urgent, waits.normal, waits.low), _DUE, strict=True):
            if due and len(found) < claim.limit:
                found += tx.fetch(query, now_ms=claim.now_ms, limit=claim.limit - len(found))
    return found


def _leased(message: Queued, taken: Claimed, silent: Collection[tuple[str, str]]) -> Leased:
    return Leased(
        message.id,
        message.account_id,
        message.batch_id,
        message.msisdn,
        taken.attempts,
        message.expire_at,
        (message.account_id, message.msisdn) in silent,
        message.channel,
        message.leg,
        provider_of(message.waits_at),
        message.passed_on_by or "",
    )


class _Waits(Row, frozen=True):
    """Whether anybody waits at a line, and whether messages of each priority are due: 0 or 1."""

    at_lines: int
    urgent: int
    normal: int
    low: int


@prepared(_Waits)
def _who_waits(now_ms: Given) -> Select[*tuple[Any, ...]]:
    """Build the one look by which a claim does not pay for what is not there."""
    due = [
        exists(select(messages.c.id).where(is_queued, is_free, _has(priority), messages.c.due_at <= now_ms))
        for priority in Priority
    ]
    named = [each.label(priority.name.lower()) for priority, each in zip(Priority, due, strict=True)]
    return select(exists(select(paces.c.line)).label("at_lines"), *named)


def _has(priority: Priority) -> ColumnElement[bool]:
    """Return the condition for one priority, as a literal, so that the index on the queue serves."""
    return messages.c.priority == literal_column(str(int(priority)))


class _Aside(Row, frozen=True):
    id: str


def _set_paused_aside(tx: Tx, waiting: Sequence[Queued], facts: dict[str, SendingFacts]) -> list[Queued]:
    """Set messages of paused batches aside, and return the others.

    The batches are kept as they are until this is committed: one that goes on must find all that was set aside.
    """
    paused = [batch.id for batch in facts.values() if batch.pause in HOLDING]
    holding = [pause.value for pause in HOLDING]
    query = select(batches.c.id).where(tx.among(batches.c.id, paused), tx.among(batches.c.pause, holding))
    still = set(tx.column(query.order_by(batches.c.id).with_for_update(read=True)))
    aside = [_Aside(message.id) for message in waiting if message.batch_id in still]
    tx.update(messages, aside, SET_ASIDE)
    return [message for message in waiting if message.batch_id not in still]


def next_due_at(tx: Tx) -> int | None:
    """Return when the next message that waits for its time is due, in ms since 1970; None if there is none.

    Spans accounts.
    """
    (first,) = tx.fetch(_first_due)
    return min((due_at for due_at in (first.urgent, first.normal, first.low) if due_at is not None), default=None)


class _FirstDue(Row, frozen=True):
    """When the first message of each priority is due, in ms since 1970; None if there is none."""

    urgent: int | None
    normal: int | None
    low: int | None


@prepared(_FirstDue)
def _first_due() -> Select[*tuple[Any, ...]]:
    each = [
        select(messages.c.due_at)
        .where(is_queued, is_free, _has(priority))
        .order_by(messages.c.due_at, messages.c.id)
        .limit(1)
        .scalar_subquery()
        .label(priority.name.lower())
        for priority in Priority
    ]
    return select(*each)


class Lapsed(Row, frozen=True):
    """A message whose worker let its lease end."""

    id: str
    account_id: str
    msisdn: str
    channel: str
    parts: int | None
    originator: str | None
    tags: str
    """The batch's tags as JSON."""
    waits_at: str | None
    """The line that it had waited at; None if it waited at none."""

    @property
    def provider(self) -> str | None:
        """Return the provider that it had waited for, if it had."""
        return provider_of(self.waits_at)


def take_back_lapsed(
    tx: Tx, now_ms: int, limit: int, decide: Callable[[Lapsed], tuple[Status, str | None]]
) -> Sequence[Transition]:
    """Settle messages whose worker let the lease end: it died, or lost the database. At most `limit`.

    Nobody knows whether such a message went out: `decide` says what becomes of it, and why. Spans accounts.
    """
    lapsed = tx.all(
        Lapsed,
        select(*columns(Lapsed, messages, batches))
        .join_from(messages, batches, batches.c.id == messages.c.batch_id)
        .where(is_sending, messages.c.lease_until < now_ms)
        .order_by(messages.c.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True, of=messages),
    )
    changes = []
    for message in lapsed:
        status, reason = decide(message)
        changes.append(Change(message.id, status, reason=reason))
    return apply_changes(tx, changes, now_ms)


def fall_back_late(tx: Tx, now_ms: int, limit: int) -> Sequence[Transition]:
    """Give up on channels that had their time and did not deliver; their messages go on by the next.

    At most `limit` messages. Spans accounts.
    """
    ids = tx.column(
        select(messages.c.id)
        .where(is_falling_back, messages.c.fall_back_at <= now_ms)
        .order_by(messages.c.fall_back_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    late = [Change(message_id, Status.EXPIRED, reason=Reason.NOT_IN_TIME) for message_id in ids]
    return apply_changes(tx, late, now_ms)


def next_fall_back_at(tx: Tx) -> int | None:
    """Return when the next channel's time is over, in ms since 1970; None if none is waited for. Spans accounts."""
    value: int | None = tx.value(
        select(messages.c.fall_back_at).where(is_falling_back).order_by(messages.c.fall_back_at).limit(1)
    )
    return value


class _Lease(Row, frozen=True):
    id: str
    lease_until: int


def end_leases(tx: Tx, worker: str | None = None) -> int:
    """End all leases, or one worker's, at once, and return how many.

    For the only process of a store as it starts, and for a worker as it stops. Spans accounts.
    """
    query = select(messages.c.id).where(is_sending)
    if worker is not None:
        query = query.where(messages.c.worker == worker)
    held = tx.column(query.order_by(messages.c.id).with_for_update())
    return tx.update(messages, [_Lease(message_id, 0) for message_id in held])


def extend_leases(tx: Tx, worker: str, message_ids: Sequence[str], lease_until: int) -> int:
    """Extend the leases of a worker's messages; those that another has taken meanwhile are left alone.

    Returns how many were extended. Spans accounts.
    """
    held = tx.column(
        select(messages.c.id)
        .where(tx.among(messages.c.id, message_ids), is_sending, messages.c.worker == worker)
        .order_by(messages.c.id)  # as everywhere, so that nobody waits for one who waits for them
        .with_for_update()
    )
    return tx.update(messages, [_Lease(message_id, lease_until) for message_id in held])


class Backlog(NamedTuple):
    """Messages that are queued, of one priority, and waiting for one route or for none yet."""

    priority: int
    provider: str
    """The provider at whose line they wait, or `paused`; empty if nobody has looked at them yet."""
    waiting: int
    due_at: int
    """When the first of them was due, or is, in milliseconds since 1970."""


def backlog(tx: Tx) -> list[Backlog]:
    """Count what is queued, by priority and route. Spans accounts.

    It reads the whole queue: it is for people, not for the way of a message.
    """
    found: dict[tuple[int, str], Backlog] = {}
    facts = messages.c.priority, func.count().label("count"), func.min(messages.c.due_at).label("due_at")
    places = (is_free, ""), (is_set_aside, "paused")
    rows = [
        (priority, provider, count, due_at)
        for where, provider in places
        for priority, count, due_at in tx.rows(select(*facts).where(is_queued, where).group_by(messages.c.priority))
    ]
    at_lines = select(*facts, messages.c.waits_at).where(is_queued, is_at_line)
    rows += [
        (priority, provider_of(line) or "", count, due_at)
        for priority, count, due_at, line in tx.rows(at_lines.group_by(messages.c.priority, messages.c.waits_at))
    ]
    for priority, provider, count, due_at in rows:
        before = found.get((priority, provider), Backlog(priority, provider, 0, due_at))
        found[priority, provider] = Backlog(priority, provider, before.waiting + count, min(before.due_at, due_at))
    return list(found.values())


def depth(tx: Tx) -> dict[str, int]:
    """Count the messages that are queued and sending. Reads the partial indexes, never the table. Spans accounts."""
    places = (is_free, is_at_line, is_set_aside)
    count = select(func.count()).select_from(messages)
    queued = sum(int(tx.value(count.where(is_queued, place))) for place in places)
    return {Status.QUEUED.value: queued, Status.SENDING.value: int(tx.value(count.where(is_sending)))}
