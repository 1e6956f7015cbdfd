"""Writing events to the outbox, in the transaction of the change that they tell of.

The problem. A customer is to be told of every change that happened, once it has, and of none that did not; the
customer's server may be away for hours, and this process may die at any moment.

How it works. Whoever changes something writes the event beside it, in the same transaction: a row with the receiver,
where it goes (`sink`), the protocol in whose shape it is told, and the facts as they are at this moment, since they may
be others when it is told. Nothing is sent from here. `store/events.py` claims due rows for the job that sends them
(`engine/outbox.py`), and records what came of it.

What holds. An event that was committed is told until it is acknowledged or given up, whatever happens to this process;
a change that was rolled back is told to nobody. A receiver that is told twice sees the same identifier. Events of one
transaction are in order: of messages as they changed, then of the batches that end by that, whose counts must have been
written before (`store/counting.py`). To whom a batch's facts go is looked up here, once for a chunk: an event keeps the
address that was right when it happened.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, func, select

from heliograph.domain.callbacks import EventKind, MessageFacts, receiver_of
from heliograph.domain.ids import following, new_id
from heliograph.domain.life import Transition
from heliograph.store.prepared import Given, among, prepared
from heliograph.store.schema import accounts, batches, events
from heliograph.store.tx import Row, Tx

_encode_facts: Callable[[MessageFacts], bytes] = msgspec.json.encode


class NewEvent(msgspec.Struct, frozen=True):
    """An event that is not written yet."""

    account_id: str
    protocol: str
    """The protocol in whose shape it is told."""
    sink: str
    kind: EventKind
    subject_id: str
    facts: str | None = None
    """The facts as they were when it happened, or the other subjects, as JSON; None: looked up when it is told."""


class _EventRow(Row, frozen=True):
    id: str
    receiver: str
    account_id: str
    protocol: str
    sink: str
    kind: str
    subject_id: str
    facts: str | None


def add_events(tx: Tx, new: Sequence[NewEvent], now_ms: int) -> None:
    """Write events to the outbox, due now, in their order."""
    if not new:
        return
    rows = [
        _EventRow(
            identifier,
            receiver_of(event.account_id, event.sink),
            event.account_id,
            event.protocol,
            event.sink,
            event.kind.value,
            event.subject_id,
            event.facts,
        )
        for identifier, event in zip(following(new_id(), len(new)), new, strict=True)
    ]
    tx.insert(events, rows, {"state": "waiting", "due_at": now_ms, "created_at": now_ms})


class Target(Row, frozen=True):
    """Where the events of a batch go."""

    id: str
    """The batch's identifier."""
    account_id: str
    protocol: str
    sink: str | None
    """The sessions of whoever sent the batch, the batch's URL, or else the account's; None: nobody is told."""
    open_count: int | None
    """How many messages it waits for, if its end is called back."""


def targets_of(tx: Tx, batch_ids: Collection[str]) -> dict[str, Target]:
    """Find where the events of each batch go. Spans accounts."""
    return {target.id: target for target in tx.fetch(_targets, ids=batch_ids)}


@prepared(Target)
def _targets(ids: Given) -> Select[*tuple[Any, ...]]:
    sink = func.coalesce(batches.c.sink, batches.c.callback_url, accounts.c.callback_url).label("sink")
    return (
        select(batches.c.id, batches.c.account_id, batches.c.protocol, sink, batches.c.open_count)
        .join_from(batches, accounts, accounts.c.id == batches.c.account_id, isouter=True)
        .where(among(batches.c.id, ids))
    )


def tell_of(tx: Tx, taken: Sequence[Transition], now_ms: int) -> None:
    """Write the events that transitions set off: of messages, in their order, then of the batches that they end.

    The counts of these batches must have been written before.
    """
    telling = [each for each in taken if each.is_told]
    ending = dict.fromkeys(each.batch_id for each in taken if each.ends_in_batch)
    if not ending and not telling:
        return
    targets = targets_of(tx, {*ending, *(each.batch_id for each in telling)})
    told = [event for each in telling if (event := _change_of(targets[each.batch_id], each)) is not None]
    over = [event for batch_id in ending if (event := _end_of(targets[batch_id])) is not None]
    add_events(tx, told + over, now_ms)


def settle_if_empty(tx: Tx, batch_ids: Collection[str], now_ms: int) -> None:
    """Write the end of those batches that wait for no message, although none has settled just now."""
    if not batch_ids:
        return
    targets = targets_of(tx, batch_ids)
    add_events(tx, [event for target in targets.values() if (event := _end_of(target)) is not None], now_ms)


def _change_of(target: Target, transition: Transition) -> NewEvent | None:
    if target.sink is None:
        return None
    facts = _encode_facts(transition.facts).decode()
    return NewEvent(target.account_id, target.protocol, target.sink, EventKind.MESSAGE_STATUS, target.id, facts)


def _end_of(target: Target) -> NewEvent | None:
    """Return the event that a batch has ended; None if it waits for messages, or nobody is told."""
    if target.sink is None or target.open_count != 0:
        return None
    return NewEvent(target.account_id, target.protocol, target.sink, EventKind.BATCH_SETTLED, target.id)
