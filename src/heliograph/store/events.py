"""The outbox: claiming events that wait to be told, and recording what came of it. `store/outbox.py` writes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Select, func, or_, select, union_all, update

from heliograph.domain.callbacks import SESSION, Event, EventKind, MessageFacts, Told
from heliograph.domain.filters import EventFilter
from heliograph.domain.ids import earliest_at, made_at_ms
from heliograph.domain.instants import from_ms, to_ms
from heliograph.domain.listing import Listed
from heliograph.store.batches import NewBatch, accept
from heliograph.store.prepared import Given, among, prepared
from heliograph.store.schema import batches, events, is_waiting
from heliograph.store.stretches import by_stretches
from heliograph.store.tx import Row, Tx, columns

NOT_OFFERED = "its receiver is not there, or left alone for a while"

LOOKED_THROUGH = 100_000
"""How many events of its batch are looked through for those about one message."""

_decode_facts = msgspec.json.Decoder(MessageFacts).decode
_decode_several = msgspec.json.Decoder(list[str]).decode


class Due(Row, frozen=True):
    """A receiver with events that wait."""

    receiver: str
    due_at: int
    """When the first of its events is due, in milliseconds since 1970."""


def waiting_receivers(tx: Tx) -> list[Due]:
    """List the receivers with events that wait. Spans accounts.

    It looks at one row of the index for each receiver, however many events it has: the next name after the last one
    found.
    """
    return tx.fetch(_waiting_receivers)


@prepared(Due)
def _waiting_receivers() -> Select[*tuple[Any, ...]]:
    found = select(func.min(events.c.receiver).label("receiver")).where(is_waiting).cte("receivers", recursive=True)
    after = select(func.min(events.c.receiver)).where(is_waiting, events.c.receiver > found.c.receiver)
    found = found.union_all(select(after.scalar_subquery().label("receiver")).where(found.c.receiver.is_not(None)))
    first_due = select(func.min(events.c.due_at)).where(is_waiting, events.c.receiver == found.c.receiver)
    return select(found.c.receiver, first_due.scalar_subquery().label("due_at")).where(found.c.receiver.is_not(None))


class Untold(Row, frozen=True):
    """The events of one receiver that wait."""

    receiver: str
    count: int
    created_at: int
    """When the first of them was written, in milliseconds since 1970."""


def waiting_events(tx: Tx) -> list[Untold]:
    """Count the events that wait, by receiver. Reads all of them, so it is for people. Spans accounts."""
    counted = select(events.c.receiver, func.count().label("count"), func.min(events.c.created_at).label("created_at"))
    return tx.all(Untold, counted.where(is_waiting).group_by(events.c.receiver))


def failing_receivers(tx: Tx, account_id: str) -> list[Untold]:
    """Count an account's events that wait because telling them has failed, by receiver. Reads all that wait."""
    counted = select(events.c.receiver, func.count().label("count"), func.min(events.c.created_at).label("created_at"))
    failed = counted.where(events.c.account_id == account_id, is_waiting, events.c.last_error.is_not(None))
    return tx.all(Untold, failed.group_by(events.c.receiver))


class _EventRow(Row, frozen=True):
    """An event, with what it has of the batch that it may be about."""

    id: str
    account_id: str
    protocol: str
    sink: str
    kind: str
    subject_id: str
    facts: str | None
    created_at: int
    attempts: int
    originator: str | None
    client_reference: str | None
    receiver: str


_COLUMNS = columns(_EventRow, events, batches)


class _Id(Row, frozen=True):
    id: str


class _Attempt(Row, frozen=True):
    id: str
    attempts: int


class _PutBack(_Attempt, frozen=True):
    due_at: int


def claim_events(
    tx: Tx, *, limit: int, now_ms: int, lease_until: int, places: Mapping[str, int] | None = None
) -> list[Event]:
    """Lease due events, each receiver's oldest first, at most `limit`. Spans accounts.

    `places` says how many of each receiver; None: of all that have some. An event whose worker died is due again when
    its lease ends.
    """
    if places is None:
        places = {each.receiver: limit for each in waiting_receivers(tx) if each.due_at <= now_ms}
    rows = tx.fetch(_claimable, ids=_due_to(tx, places, now_ms, limit), now_ms=now_ms) if places else []
    claimed = [_Attempt(row.id, row.attempts + 1) for row in rows]
    tx.update(events, claimed, {"due_at": lease_until, "last_error": None})
    return [_event(row) for row in rows]


def _due_to(tx: Tx, places: Mapping[str, int], now_ms: int, limit: int) -> list[str]:
    """Find the oldest events that are due to each receiver, as many as it has places."""
    if len(places) == 1:
        ((receiver, count),) = places.items()
        return [each.id for each in tx.fetch(_due_to_one, receiver=receiver, now_ms=now_ms, most=min(count, limit))]
    due = [
        select(events.c.id)
        .where(is_waiting, events.c.receiver == receiver, events.c.due_at <= now_ms)
        # One short walk of the index for each receiver, all in one statement.
        .order_by(events.c.due_at, events.c.id)
        .limit(count)
        .subquery()
        for receiver, count in places.items()
    ]
    together = union_all(*(select(each.c.id) for each in due)).subquery()
    return tx.column(select(together.c.id).limit(limit))


@prepared(_Id)
def _due_to_one(receiver: Given, now_ms: Given, most: Given) -> Select[*tuple[Any, ...]]:
    due = select(events.c.id).where(is_waiting, events.c.receiver == receiver, events.c.due_at <= now_ms)
    return due.order_by(events.c.due_at, events.c.id).limit(most)


@prepared(_EventRow)
def _claimable(ids: Given, now_ms: Given) -> Select[*tuple[Any, ...]]:
    return (
        select(*_COLUMNS)
        .join_from(events, batches, batches.c.id == events.c.subject_id, isouter=True)
        .where(among(events.c.id, ids), is_waiting, events.c.due_at <= now_ms)
        .order_by(events.c.due_at, events.c.id)
        .with_for_update(of=events, skip_locked=True)
    )


def put_back_events(tx: Tx, claimed: Sequence[Event]) -> int:
    """Return events that nobody was offered, as if they had not been claimed: due at once, the oldest first.

    Spans accounts.
    """
    rows = [_PutBack(event.id, event.attempts - 1, event.created_ms) for event in claimed]
    return tx.update(events, rows, {"last_error": NOT_OFFERED})


def give_up_old_events(tx: Tx, receivers: Collection[str], *, before_ms: int, now_ms: int, limit: int) -> int:
    """Give up events of these receivers from before `before_ms`, at most `limit`, and count them.

    Spans accounts.
    """
    theirs = (is_waiting, tx.among(events.c.receiver, receivers), events.c.due_at <= now_ms)
    too_old = events.c.id < earliest_at(before_ms)
    old = tx.column(select(events.c.id).where(*theirs, too_old).limit(limit))
    values = {"state": "given_up", "done_at": now_ms, "last_error": NOT_OFFERED}
    return tx.run(update(events).where(tx.among(events.c.id, old)).values(values)) if old else 0


class _ToldRow(Row, frozen=True):
    id: str
    kind: str
    subject_id: str
    protocol: str
    sink: str
    facts: str | None
    state: Literal["waiting", "delivered", "given_up"]
    attempts: int
    last_error: str | None
    done_at: int | None


def told_of(tx: Tx, account_id: str, batch_id: str, message_id: str) -> list[Told]:
    """List the events about a message and its batch, oldest first; of a batch with very many, the first that are.

    Those of the batch are found by an index, and looked through for the message's.
    """
    of_batch = (events.c.account_id == account_id, events.c.subject_id == batch_id)
    some = select(events.c.id).where(*of_batch).order_by(events.c.id).limit(LOOKED_THROUGH).scalar_subquery()
    of_it = or_(events.c.kind != EventKind.MESSAGE_STATUS.value, events.c.facts.contains(message_id))
    found = select(*columns(_ToldRow, events)).where(*of_batch, of_it, events.c.id.in_(some)).order_by(events.c.id)
    return [told for row in tx.all(_ToldRow, found) if (told := _told(row, message_id)) is not None]


def event_by_id(tx: Tx, account_id: str, event_id: str) -> Event | None:
    """Read an event of an account, whatever has become of it; None if there is none."""
    of_batch = batches.c.id == events.c.subject_id
    mine = (events.c.account_id == account_id, events.c.id == event_id)
    query = select(*_COLUMNS).join_from(events, batches, of_batch, isouter=True).where(*mine)
    row = tx.one(_EventRow, query)
    return None if row is None else _event(row)


def list_told(tx: Tx, account_id: str, wanted: EventFilter, *, limit: int, before: str | None = None) -> Listed[Told]:
    """List a page of an account's events, newest first, of what is older than the event `before`.

    What is looked for, if it is not a time, has no index: a page looks at a bounded number of rows.
    """
    times = EventFilter(ids=wanted.ids, since=wanted.since, until=wanted.until)
    rows = _filtered(tx, select(events.c.id), account_id, times)

    def read(within: ColumnElement[bool], at_most: int) -> list[Told]:
        query = _filtered(tx, select(*columns(_ToldRow, events)), account_id, wanted).where(within)
        found = tx.all(_ToldRow, query.order_by(events.c.id.desc()).limit(at_most))
        return [_shown(row, _facts(row)) for row in found]

    with tx.in_index_order():
        return by_stretches(tx, events.c.id, rows, read, limit, before)


def _filtered(tx: Tx, query: Select[Any], account_id: str, wanted: EventFilter) -> Select[Any]:
    query = query.where(events.c.account_id == account_id)
    if wanted.ids is not None:
        query = query.where(tx.among(events.c.id, wanted.ids))
    if wanted.state is not None:
        query = query.where(events.c.state == wanted.state)
    if wanted.subject_id is not None:
        query = query.where(events.c.subject_id == wanted.subject_id)
    if wanted.since is not None:
        query = query.where(events.c.id >= earliest_at(to_ms(wanted.since)))
    if wanted.until is not None:
        query = query.where(events.c.id < earliest_at(to_ms(wanted.until)))
    return query


class Replayed(NamedTuple):
    """What came of telling some events anew."""

    replayed: int
    last: str | None
    """The last event that was looked at; None if there are no more."""


REPLAYED_AT_ONCE = 500


def replay_given_up(tx: Tx, account_id: str, wanted: EventFilter, after: str, now_ms: int) -> Replayed:
    """Have some events that were given up told anew, of those behind `after`, oldest first.

    Those of connected clients are left out, for these are told nothing as old, and those whose facts were forgotten.
    They count as written now, so that they are offered as long as new ones; their identifiers say when they were.
    """
    mine = _filtered(
        tx, select(events.c.id, events.c.state, events.c.sink, events.c.kind, events.c.facts), account_id, wanted
    )
    rows = tx.rows(mine.where(events.c.id > after).order_by(events.c.id).limit(REPLAYED_AT_ONCE))
    again = [
        event_id
        for event_id, state, sink, kind, facts in rows
        if state == "given_up" and not sink.startswith(f"{SESSION}:") and (facts or kind != EventKind.MESSAGE_STATUS)
    ]
    given_up = (events.c.account_id == account_id, tx.among(events.c.id, again), events.c.state == "given_up")
    values = {"state": "waiting", "due_at": now_ms, "attempts": 0, "last_error": None, "done_at": None}
    values["created_at"] = now_ms
    count = tx.run(update(events).where(*given_up).values(**values)) if again else 0
    return Replayed(count, rows[-1][0] if len(rows) == REPLAYED_AT_ONCE else None)


def _told(row: _ToldRow, message_id: str) -> Told | None:
    """Return an event as it is shown; None if it is about another message."""
    facts = _facts(row)
    return None if facts is not None and facts.message_id != message_id else _shown(row, facts)


def _facts(row: _ToldRow) -> MessageFacts | None:
    about_message = row.kind == EventKind.MESSAGE_STATUS
    return _decode_facts(row.facts) if about_message and row.facts is not None else None


def _shown(row: _ToldRow, facts: MessageFacts | None) -> Told:
    return Told(
        id=row.id,
        kind=EventKind(row.kind),
        subject_id=row.subject_id,
        protocol=row.protocol,
        sink=row.sink,
        status=None if facts is None else facts.status,
        state=row.state,
        attempts=row.attempts,
        error=row.last_error,
        created_at=from_ms(made_at_ms(row.id)),
        done_at=None if row.done_at is None else from_ms(row.done_at),
    )


def _event(row: _EventRow) -> Event:
    kind, facts = EventKind(row.kind), row.facts
    about_message = kind is EventKind.MESSAGE_STATUS
    return Event(
        id=row.id,
        account_id=row.account_id,
        protocol=row.protocol,
        sink=row.sink,
        kind=kind,
        subject_id=row.subject_id,
        facts=_decode_facts(facts) if about_message and facts is not None else None,
        several=_decode_several(facts) if not about_message and facts is not None else (),
        created_ms=row.created_at,
        attempts=row.attempts + 1,
        originator=row.originator,
        client_reference=row.client_reference,
        receiver=row.receiver,
    )


class EventOutcome(msgspec.Struct, frozen=True):
    """What came of offering an event: `delivered`, `given_up`, or `waiting` with when to try again."""

    event_id: str
    state: str
    due_at: int
    error: str | None
    replies: Sequence[NewBatch] = ()
    """The batches that the customer's answer asks to be sent."""


class _Outcome(Row, frozen=True):
    id: str
    state: str
    due_at: int
    last_error: str | None
    done_at: int | None


def record_event_outcomes(tx: Tx, outcomes: Sequence[EventOutcome], now_ms: int) -> int:
    """Store what came of events, with the batches that the answers ask for, and count those that were accepted.

    A batch that can't be paid for is not accepted. Spans accounts.
    """
    accepted = accept(tx, replies) if (replies := [each for outcome in outcomes for each in outcome.replies]) else []
    rows = [
        _Outcome(outcome.event_id, outcome.state, outcome.due_at, outcome.error, _done_at(outcome, now_ms))
        for outcome in outcomes
    ]
    tx.update(events, rows)
    return sum(not isinstance(each, Exception) for each in accepted)


def _done_at(outcome: EventOutcome, now_ms: int) -> int | None:
    return None if outcome.state == "waiting" else now_ms


def extend_event_leases(tx: Tx, event_ids: Sequence[str], lease_until: int) -> int:
    """Extend the leases of claimed events that have no outcome yet. Spans accounts."""
    held = (tx.among(events.c.id, event_ids), is_waiting, events.c.attempts > 0, events.c.last_error.is_(None))
    return tx.run(update(events).where(*held).values(due_at=lease_until))


def end_event_leases(tx: Tx, now_ms: int) -> int:
    """Make leased events due at once: for the only process of a store, as it starts. Spans accounts.

    A leased event was claimed and has no outcome since; an outcome that leaves an event waiting has an error.
    """
    return tx.run(
        update(events).where(is_waiting, events.c.attempts > 0, events.c.last_error.is_(None)).values(due_at=now_ms)
    )
