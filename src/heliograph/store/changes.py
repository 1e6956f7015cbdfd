"""Moving messages from status to status: the only code that writes a status once a message exists.

Whatever wants a change (a worker's outcome, a receipt, a cancellation, a lapsed lease) comes through
`apply_changes`, which holds it against the table of transitions, and writes in the same transaction what the
change sets off: the count of open messages of its batch, and the events to call back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import select

from heliograph.domain.batches import Notify
from heliograph.domain.callbacks import EventKind, MessageFacts
from heliograph.domain.ids import following, new_id
from heliograph.domain.statuses import OPEN, SETTLED, Status, may_become
from heliograph.store.schema import accounts, batches, events, messages
from heliograph.store.tx import Row, Tx


class Change(msgspec.Struct, frozen=True):
    """What a message is to become."""

    message_id: str
    status: Status
    reason: str | None = None
    provider_code: str | None = None
    detail: str | None = None
    at_ms: int | None = None
    """When it happened; None: now."""
    provider: str | None = None
    provider_ref: str | None = None
    encoding: str | None = None
    parts: int | None = None
    due_at: int | None = None
    """When to try again; only with QUEUED."""
    attempts: int | None = None
    """Corrects the count: a message that was put back without being offered to a provider was not tried."""


class Applied(msgspec.Struct, frozen=True):
    """A change that took place."""

    message_id: str
    batch_id: str
    account_id: str
    status: Status


_CURRENT = (
    messages.c.id,
    messages.c.account_id,
    messages.c.batch_id,
    messages.c.msisdn,
    messages.c.status,
    messages.c.notify,
    messages.c.provider,
    messages.c.provider_ref,
    messages.c.encoding,
    messages.c.parts,
    messages.c.due_at,
    messages.c.sent_at,
    messages.c.attempts,
)
_WRITTEN = (
    "status",
    "reason",
    "provider_code",
    "detail",
    "provider",
    "provider_ref",
    "encoding",
    "parts",
    "due_at",
    "sent_at",
    "attempts",
    "settled_at",
)


def apply_changes(tx: Tx, changes: Sequence[Change], now_ms: int) -> list[Applied]:
    """Applies what the table of transitions allows; the others leave no trace. Returns those applied, in order."""
    if not changes:
        return []
    current = {row[0]: row for row in lock_messages(tx, [change.message_id for change in changes])}
    rows: list[Row] = []
    applied: list[tuple[Change, Sequence[Any], Status]] = []
    for change in changes:
        row = current.get(change.message_id)
        if row is None or not may_become(Status(row[4]), change.status):
            continue
        was = Status(row[4])
        written = _written(change, row, now_ms)
        rows.append(written)
        applied.append((change, row, was))
        # A second change to the same message in this chunk must see the first.
        current[change.message_id] = (*row[:4], change.status.value, row[5], *written[5:12])
    tx.update(messages, "id", _WRITTEN, _last_of_each(rows), {"worker": None, "lease_until": None})
    _close_batches(tx, applied)
    _write_events(tx, applied, current, now_ms)
    return [Applied(row[0], row[2], row[1], change.status) for change, row, _ in applied]


def lock_messages(tx: Tx, message_ids: Sequence[str]) -> Sequence[Sequence[Any]]:
    """The messages' current state, kept still until the transaction ends, in an order that cannot deadlock."""
    return tx.rows(
        select(*_CURRENT).where(tx.among(messages.c.id, message_ids)).order_by(messages.c.id).with_for_update()
    )


def _written(change: Change, row: Sequence[Any], now_ms: int) -> Row:
    happened = change.at_ms if change.at_ms is not None else now_ms
    sent_at = row[11]
    if sent_at is None and change.status in {Status.SENT, Status.DELIVERED}:
        sent_at = happened
    return (
        change.message_id,
        change.status.value,
        change.reason,
        change.provider_code,
        change.detail,
        change.provider if change.provider is not None else row[6],
        change.provider_ref if change.provider_ref is not None else row[7],
        change.encoding if change.encoding is not None else row[8],
        change.parts if change.parts is not None else row[9],
        change.due_at if change.due_at is not None else row[10],
        sent_at,
        change.attempts if change.attempts is not None else row[12],
        happened if change.status in SETTLED else None,
    )


def _last_of_each(rows: Sequence[Row]) -> list[Row]:
    return list({row[0]: row for row in rows}.values())


_Taken = Sequence[tuple[Change, Sequence[Any], Status]]


def _close_batches(tx: Tx, applied: _Taken) -> None:
    """Counts down the batches whose end is called back."""
    settled = Counter(
        row[2]
        for change, row, was in applied
        if row[5] & Notify.BATCH_WHEN_SETTLED and was in OPEN and change.status in SETTLED
    )
    if not settled:
        return
    left = {
        row[0]: row[1]
        for row in tx.rows(
            select(batches.c.id, batches.c.open_count)
            .where(tx.among(batches.c.id, settled))
            .order_by(batches.c.id)
            .with_for_update()
        )
    }
    tx.update(batches, "id", ("open_count",), [(batch, left[batch] - count) for batch, count in settled.items()])


def _write_events(tx: Tx, applied: _Taken, current: dict[str, Sequence[Any]], now_ms: int) -> None:
    telling = [entry for entry in applied if entry[1][5] and _is_told(entry[0], entry[1])]
    if not telling:
        return
    targets = _callback_targets(tx, {row[2] for _, row, _ in telling})
    rows: list[Row] = []
    ended: dict[str, None] = {}
    for change, row, _ in telling:
        target = targets.get(row[2])
        if target is None or target[2] is None:
            continue
        if row[5] & Notify.BATCH_WHEN_SETTLED:
            if target[3] == 0:
                ended[row[2]] = None
            continue
        rows.append((row[1], *target[1:3], EventKind.MESSAGE_STATUS.value, row[2], _facts(change, current, now_ms)))
    for batch_id in ended:
        account_id, protocol, url, _ = targets[batch_id]
        rows.append((account_id, protocol, url, EventKind.BATCH_SETTLED.value, batch_id, None))
    insert_events(tx, rows, now_ms)


def _is_told(change: Change, row: Sequence[Any]) -> bool:
    if change.status in SETTLED:
        return True
    return bool(row[5] & Notify.EVERY_CHANGE) and change.status is Status.SENT


def _callback_targets(tx: Tx, batch_ids: set[str]) -> dict[str, tuple[str, str, str | None, int | None]]:
    """account, protocol, URL (the batch's own or the account's), open messages: of each batch."""
    found = tx.rows(
        select(
            batches.c.id,
            batches.c.account_id,
            batches.c.protocol,
            batches.c.callback_url,
            accounts.c.callback_url.label("account_url"),
            batches.c.open_count,
        )
        .join(accounts, accounts.c.id == batches.c.account_id)
        .where(tx.among(batches.c.id, batch_ids))
    )
    return {row[0]: (row[1], row[2], row[3] or row[4], row[5]) for row in found}


_encode_facts: Callable[[MessageFacts], bytes] = msgspec.json.encode


def _facts(change: Change, current: dict[str, Sequence[Any]], now_ms: int) -> str:
    row = current[change.message_id]
    return _encode_facts(
        MessageFacts(
            message_id=change.message_id,
            msisdn=row[3],
            status=change.status.value,
            reason=change.reason,
            provider_code=change.provider_code,
            detail=change.detail,
            encoding=row[8],
            parts=row[9],
            at_ms=change.at_ms if change.at_ms is not None else now_ms,
        )
    ).decode()


def insert_events(tx: Tx, rows: Sequence[Row], now_ms: int) -> None:
    """Puts events in the outbox, due now; a row is account, protocol, URL, kind, subject, facts."""
    if not rows:
        return
    identifiers = following(new_id(), len(rows))
    tx.insert(
        events,
        ("id", "account_id", "protocol", "url", "kind", "subject_id", "facts"),
        [(identifier, *row) for identifier, row in zip(identifiers, rows, strict=True)],
        {"state": "waiting", "due_at": now_ms, "created_at": now_ms},
    )
