"""The outbox of callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import select, update

from heliograph.domain.callbacks import Event, EventKind, MessageFacts
from heliograph.store.batches import NewBatch, accept
from heliograph.store.schema import batches, events, is_waiting
from heliograph.store.tx import Tx

_decode_facts = msgspec.json.Decoder(MessageFacts).decode
_decode_several = msgspec.json.Decoder(list[str]).decode


def claim_events(tx: Tx, *, limit: int, now_ms: int, lease_until: int) -> list[Event]:
    """Leases due events, oldest first. An event whose worker died is due again when its lease ends. Spans accounts."""
    rows = tx.rows(
        select(
            events.c.id,
            events.c.account_id,
            events.c.protocol,
            events.c.url,
            events.c.kind,
            events.c.subject_id,
            events.c.facts,
            events.c.created_at,
            events.c.attempts,
            batches.c.originator,
            batches.c.client_reference,
        )
        .join_from(events, batches, batches.c.id == events.c.subject_id, isouter=True)
        .where(is_waiting, events.c.due_at <= now_ms)
        .order_by(events.c.due_at, events.c.id)
        .limit(limit)
        .with_for_update(of=events, skip_locked=True)
    )
    tx.update(
        events, "id", ("attempts",), [(row[0], row[8] + 1) for row in rows], {"due_at": lease_until, "last_error": None}
    )
    return [_event(row) for row in rows]


def _event(row: Sequence[Any]) -> Event:
    kind, facts = EventKind(row[4]), row[6]
    about_message = kind is EventKind.MESSAGE_STATUS
    return Event(
        id=row[0],
        account_id=row[1],
        protocol=row[2],
        url=row[3],
        kind=kind,
        subject_id=row[5],
        facts=_decode_facts(facts) if about_message and facts is not None else None,
        several=_decode_several(facts) if not about_message and facts is not None else (),
        created_ms=row[7],
        attempts=row[8] + 1,
        originator=row[9],
        client_reference=row[10],
    )


class EventOutcome(msgspec.Struct, frozen=True):
    """What came of offering an event: a state of `delivered`, `given_up`, or `waiting` with when to try again."""

    event_id: str
    state: str
    due_at: int
    error: str | None
    replies: Sequence[NewBatch] = ()
    """What the customer's answer asks to be sent."""


def record_event_outcomes(tx: Tx, outcomes: Sequence[EventOutcome], now_ms: int) -> int:
    """Together with what the answers ask for, once: a repeated event changes nothing. How many batches there are to
    send; one that can't be paid for is not."""
    accepted = accept(tx, replies) if (replies := [each for outcome in outcomes for each in outcome.replies]) else []
    tx.update(
        events,
        "id",
        ("state", "due_at", "last_error", "done_at"),
        [
            (outcome.event_id, outcome.state, outcome.due_at, outcome.error, _done_at(outcome, now_ms))
            for outcome in outcomes
        ],
    )
    return sum(not isinstance(each, Exception) for each in accepted)


def _done_at(outcome: EventOutcome, now_ms: int) -> int | None:
    return None if outcome.state == "waiting" else now_ms


def end_event_leases(tx: Tx, now_ms: int) -> int:
    """Makes leased events due at once: for the only process of a store, as it starts.

    A leased event was claimed and has no outcome since; an outcome that leaves an event waiting has an error.
    """
    return tx.run(
        update(events).where(is_waiting, events.c.attempts > 0, events.c.last_error.is_(None)).values(due_at=now_ms)
    )


def next_event_due_at(tx: Tx) -> int | None:
    """When the next event is due, in milliseconds since 1970; None if none waits. Spans accounts."""
    value: int | None = tx.value(
        select(events.c.due_at).where(is_waiting).order_by(events.c.due_at, events.c.id).limit(1)
    )
    return value
