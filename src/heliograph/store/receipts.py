"""Outcomes of sending and receipts: what providers say, matched to messages by the provider's id."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec
from sqlalchemy import delete, select

from heliograph.domain.ids import following, new_id
from heliograph.domain.receipts import Receipt, ReceiptFate
from heliograph.domain.statuses import Status
from heliograph.store.changes import Applied, Change, apply_changes
from heliograph.store.polls import Poll, add_polls
from heliograph.store.schema import early_receipts, messages
from heliograph.store.tx import Tx


class Recorded(msgspec.Struct, frozen=True):
    """What a chunk of outcomes or receipts changed."""

    applied: Sequence[Applied]
    fate: ReceiptFate


class Outcomes(msgspec.Struct, frozen=True):
    changes: Sequence[Change]
    now_ms: int
    polls: Collection[Poll] = ()
    """What the provider is to be asked about from now on."""


class Receipts(msgspec.Struct, frozen=True):
    receipts: Sequence[Receipt]
    now_ms: int


def record_outcomes(tx: Tx, chunks: Sequence[Outcomes]) -> list[Sequence[Applied]]:
    """Writes what came of sending, and at once applies receipts that had outrun it."""
    tx.take_turns(alone=False)
    answers: list[Sequence[Applied]] = []
    for chunk in chunks:
        applied = apply_changes(tx, chunk.changes, chunk.now_ms)
        add_polls(tx, chunk.polls)
        refs = {change.provider_ref: change for change in chunk.changes if change.provider_ref is not None}
        answers.append([*applied, *_apply_early(tx, refs, chunk.now_ms)])
    return answers


def _apply_early(tx: Tx, refs: dict[str, Change], now_ms: int) -> list[Applied]:
    if not refs or tx.first(select(early_receipts.c.id).limit(1)) is None:
        return []
    columns = early_receipts.c
    rows = tx.rows(
        select(
            columns.id,
            columns.provider,
            columns.provider_ref,
            columns.status,
            columns.reason,
            columns.provider_code,
            columns.detail,
            columns.at_ms,
        )
        .where(tx.among(columns.provider_ref, refs))
        .order_by(columns.id)
    )
    ours = [row for row in rows if refs[row[2]].provider == row[1]]
    if not ours:
        return []
    changes = [Change(refs[row[2]].message_id, Status(row[3]), *row[4:8]) for row in ours]
    tx.run(delete(early_receipts).where(tx.among(columns.id, [row[0] for row in ours])))
    return apply_changes(tx, changes, now_ms)


def record_receipts(tx: Tx, chunks: Sequence[Receipts]) -> list[Recorded]:
    """Applies receipts; one for a message that is not known yet is kept until it is."""
    receipts = [receipt for chunk in chunks for receipt in chunk.receipts if receipt.status is not None]
    known = _known(tx, receipts)
    unknown = [receipt for receipt in receipts if (receipt.provider, receipt.provider_ref) not in known]
    if unknown:
        # Their outcomes may be being recorded at this moment, by one who has looked for early receipts already.
        tx.take_turns(alone=True)
        known |= _known(tx, unknown)
    return [_record(tx, chunk, known) for chunk in chunks]


def _record(tx: Tx, chunk: Receipts, known: Mapping[tuple[str, str], str]) -> Recorded:
    understood = [receipt for receipt in chunk.receipts if receipt.status is not None]
    changes: list[Change] = []
    early: list[Receipt] = []
    for receipt in understood:
        message_id = known.get((receipt.provider, receipt.provider_ref))
        if message_id is None:
            early.append(receipt)
        else:
            changes.append(_change(message_id, receipt))
    applied = apply_changes(tx, changes, chunk.now_ms)
    _park(tx, early, chunk.now_ms)
    return Recorded(
        applied,
        ReceiptFate(
            applied=len(applied),
            repeated=len(changes) - len(applied),
            parked=len(early),
            not_understood=len(chunk.receipts) - len(understood),
        ),
    )


def _known(tx: Tx, receipts: Sequence[Receipt]) -> dict[tuple[str, str], str]:
    """The messages that these receipts are about, by provider and the provider's id."""
    rows = tx.rows(
        select(messages.c.provider, messages.c.provider_ref, messages.c.id).where(
            tx.among(messages.c.provider_ref, {receipt.provider_ref for receipt in receipts})
        )
    )
    return {(row[0], row[1]): row[2] for row in rows}


def _change(message_id: str, receipt: Receipt) -> Change:
    return Change(
        message_id,
        receipt.status or Status.UNKNOWN,
        reason=receipt.reason,
        provider_code=receipt.provider_code,
        detail=receipt.detail,
        at_ms=receipt.at_ms,
    )


def _park(tx: Tx, early: Sequence[Receipt], now_ms: int) -> None:
    rows = [
        (
            identifier,
            receipt.provider,
            receipt.provider_ref,
            (receipt.status or Status.UNKNOWN).value,
            receipt.reason,
            receipt.provider_code,
            receipt.detail,
            receipt.at_ms if receipt.at_ms is not None else now_ms,
        )
        for identifier, receipt in zip(following(new_id(), len(early)), early, strict=True)
    ]
    columns = ("id", "provider", "provider_ref", "status", "reason", "provider_code", "detail", "at_ms")
    tx.insert(early_receipts, columns, rows, {"received_at": now_ms})


def forget_early_receipts(tx: Tx, before_ms: int) -> int:
    """Drops receipts that no message has claimed since `before_ms`: they were never ours."""
    return tx.run(delete(early_receipts).where(early_receipts.c.received_at < before_ms))
