"""Moving messages from status to status: the only code, but for a worker's claim, that writes a status once a message
exists.

How it works. Whatever wants a change (a worker's outcome, a receipt, a cancellation, a lapsed lease) comes through
`apply_changes`, a chunk at a time. It locks the messages of the chunk, in the order of their identifiers, which is that
of everybody who locks messages, so that two chunks wait for each other but never both. It asks `domain/life.py` what
each change makes of its message; of two changes of one message the second sees what the first has made of it. Then it
writes all that follows, in this order, which is again everybody's: messages, attempts, batches, balances, events.

All of it is in the caller's transaction. If the process dies before the commit, nothing has happened, and whoever had
the change to make still has it: a worker's messages come back when their lease ends, a provider repeats its receipt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, select

from heliograph.domain.life import Change, Snapshot, Transition, transition
from heliograph.domain.statuses import Status
from heliograph.store.attempts import keep_attempts
from heliograph.store.counting import count_down, count_ends
from heliograph.store.ledger import Bill, give_back
from heliograph.store.outbox import tell_of
from heliograph.store.prepared import Given, among, prepared
from heliograph.store.schema import messages
from heliograph.store.tx import Row, Tx, columns


def apply_changes(
    tx: Tx, changes: Sequence[Change], now_ms: int, locked: Mapping[str, Snapshot] | None = None
) -> list[Transition]:
    """Apply the changes that the table of statuses allows, and return the transitions, in order.

    Changes that are not allowed leave no trace. `locked` is what `lock_messages` has returned in this transaction, if
    the caller had to look at it. Spans accounts.
    """
    if not changes:
        return []
    current = dict(locked or lock_messages(tx, [change.message_id for change in changes]))
    taken: list[Transition] = []
    for change in changes:
        before = current.get(change.message_id)
        if before is None or (taking := transition(before, change, now_ms)) is None:
            continue
        current[change.message_id] = taking.after  # a second change to the same message must see the first
        taken.append(taking)
    _write_messages(tx, taken)
    keep_attempts(tx, taken)
    count_down(tx, taken)
    count_ends(tx, taken, now_ms)
    _return_prices(tx, taken, now_ms)
    tell_of(tx, taken, now_ms)
    return taken


def lock_messages(tx: Tx, message_ids: Sequence[str]) -> dict[str, Snapshot]:
    """Return messages by id as they are, and keep them so until the transaction ends, locked in everybody's order.

    Spans accounts.
    """
    return {state.id: state for state in tx.fetch(_locked, ids=message_ids)}


@prepared(Snapshot)
def _locked(ids: Given) -> Select[*tuple[Any, ...]]:
    query = select(*columns(Snapshot, messages)).where(among(messages.c.id, ids))
    return query.order_by(messages.c.id).with_for_update()


class _Written(Row, frozen=True):
    """The columns that every change writes of a message."""

    id: str
    status: str
    reason: str | None
    provider_code: str | None
    detail: str | None
    provider: str | None
    provider_ref: str | None
    encoding: str | None
    parts: int | None
    due_at: int
    sent_at: int | None
    attempts: int
    price: int
    settled_at: int | None


class _Leg(Row, frozen=True):
    """The columns that a change also writes of a message that may take several channels."""

    id: str
    channel: str
    leg: int
    fall_back_at: int | None


class _Place(Row, frozen=True):
    """The columns that a change also writes of a message that goes back to the queue.

    Nobody looks at these of a message that is not queued.
    """

    id: str
    why_queued: str | None
    waits_at: str | None
    passed_on_by: str | None


_OVER = {"worker": None, "lease_until": None, "why_queued": None}
"""What is over for a message with every change; one that is queued again is then told anew why."""


def _write_messages(tx: Tx, taken: Sequence[Transition]) -> None:
    """Write the messages after their transitions; of several transitions of one message, the last."""
    last = {each.message_id: each for each in taken}
    tx.update(messages, list(map(_written, last.values())), _OVER)
    planned = [after for each in last.values() if (after := each.after).plan is not None]
    tx.update(messages, [_Leg(after.id, after.channel, after.leg, after.fall_back_at) for after in planned])
    queued = {each.message_id: each for each in taken if each.status is Status.QUEUED}
    tx.update(messages, list(map(_place, queued.values())), {"set_aside": None})


def _written(taking: Transition) -> _Written:
    change, after = taking.change, taking.after
    return _Written(
        after.id,
        after.status,
        change.reason,
        change.provider_code,
        change.detail,
        after.provider,
        after.provider_ref,
        after.encoding,
        after.parts,
        after.due_at,
        after.sent_at,
        after.attempts,
        after.price,
        taking.settled_at,
    )


def _place(taking: Transition) -> _Place:
    change, after = taking.change, taking.after
    return _Place(after.id, change.why_queued, change.waits_at, after.passed_on_by or None)


def _return_prices(tx: Tx, taken: Sequence[Transition], now_ms: int) -> None:
    """Return to the accounts' balances what was charged for messages and is no longer owed."""
    back: Counter[tuple[str, str]] = Counter()
    for each in taken:
        if given_back := each.given_back:
            back[each.before.account_id, each.batch_id] += given_back
    if back:
        give_back(tx, [Bill(*whose, amount) for whose, amount in back.items()], now_ms)
