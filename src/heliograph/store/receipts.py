"""Outcomes of sending and receipts: what providers say, matched to messages by the provider's id.

How it works. A provider's answer to a submit brings its identifier (`provider_ref`); its receipts name the message by
that. The two come by different ways and are written by different transactions, so a receipt may be here before the
answer that says whose it is. Such an early receipt is kept, and applied in the transaction that records the answer.

The four things that receipts do wrong end like this:

* too early: kept until its answer is recorded; after a day nobody asks for it any more (`forget_early_receipts`);
* twice, or late, or in another order: held against the table of statuses, where most of it changes nothing;
* about an attempt that another provider has taken over: only that it was delivered counts (`earlier_takers`);
* about nothing of ours: kept like an early one, and forgotten.

Who waits for whom. Between looking for early receipts and committing the answer there is a moment in which a receipt
would find no message and its answer no receipt. So whoever records outcomes takes a shared turn, and whoever is about
to keep an early receipt takes the turn alone and looks for the message once more: then every answer is either committed
and found, or has not begun to look. Receipts whose message is known, which is nearly all of them, take no turn.

If the process dies before an answer is recorded, its receipts stay early: nobody knows whose they were, and the message
is what `leases.py` makes of it. If it dies before a receipt is committed, the provider has not been answered, and tells
again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, delete, select

from heliograph.domain.ids import following, new_id
from heliograph.domain.life import Change, Transition
from heliograph.domain.receipts import Receipt, ReceiptFate
from heliograph.domain.routes import Subject
from heliograph.domain.statuses import Status
from heliograph.store.attempts import earlier_takers
from heliograph.store.changes import apply_changes
from heliograph.store.pacing import open_lines
from heliograph.store.polls import Poll, add_polls
from heliograph.store.prepared import Given, among, prepared
from heliograph.store.references import Meant, add_keys, meant_by
from heliograph.store.schema import batches, early_receipts, messages
from heliograph.store.tx import Row, Tx, columns


class Recorded(msgspec.Struct, frozen=True):
    """What a chunk of outcomes or receipts has changed."""

    applied: Sequence[Transition]
    fate: ReceiptFate


class Outcomes(msgspec.Struct, frozen=True):
    changes: Sequence[Change]
    now_ms: int
    polls: Collection[Poll] = ()
    """The questions to the provider from now on."""


class Receipts(msgspec.Struct, frozen=True):
    receipts: Sequence[Receipt]
    now_ms: int


def record_outcomes(tx: Tx, chunks: Sequence[Outcomes]) -> list[Sequence[Transition]]:
    """Store what came of sending, and apply the receipts that had outrun it."""
    tx.take_turns(alone=False)
    answers: list[Sequence[Transition]] = []
    for chunk in chunks:
        if lines := {change.waits_at for change in chunk.changes if change.waits_at is not None}:
            open_lines(tx, lines)  # first, as where messages are claimed: nobody waits for one who waits for them
        applied = apply_changes(tx, chunk.changes, chunk.now_ms)
        add_polls(tx, chunk.polls)
        add_keys(tx, chunk.changes, chunk.now_ms)
        refs = {
            name: change
            for change in chunk.changes
            for name in (change.ref_key, change.provider_ref)
            if name is not None and change.provider_ref is not None
        }
        answers.append([*applied, *_apply_early(tx, refs, chunk.now_ms)])
    return answers


class _Id(Row, frozen=True):
    id: str


class _Early(Row, frozen=True):
    """A receipt that came before its message was known."""

    id: str
    provider: str
    provider_ref: str
    status: str
    reason: str | None
    provider_code: str | None
    detail: str | None
    at_ms: int
    receipt_id: str | None
    msisdns: str | None


@prepared(_Id)
def _any_early() -> Select[*tuple[Any, ...]]:
    return select(early_receipts.c.id).limit(1)


@prepared(_Early)
def _early(refs: Given) -> Select[*tuple[Any, ...]]:
    query = select(*columns(_Early, early_receipts)).where(among(early_receipts.c.provider_ref, refs))
    return query.order_by(early_receipts.c.id)


def _apply_early(tx: Tx, refs: dict[str, Change], now_ms: int) -> list[Transition]:
    if not refs or not tx.fetch(_any_early):
        return []
    found = tx.fetch(_early, refs=refs)
    ours = [receipt for receipt in found if refs[receipt.provider_ref].provider == receipt.provider]
    if any(receipt.receipt_id is not None for receipt in ours):
        ours = _once(tx, ours, refs)
    if not ours:
        return []
    changes = [
        Change(
            refs[receipt.provider_ref].message_id,
            Status(receipt.status),
            reason=receipt.reason,
            provider_code=receipt.provider_code,
            detail=receipt.detail,
            at_ms=receipt.at_ms,
        )
        for receipt in ours
    ]
    tx.run(delete(early_receipts).where(tx.among(early_receipts.c.id, [receipt.id for receipt in ours])))
    if several := [receipt.receipt_id for receipt in ours if receipt.receipt_id is not None]:
        tx.run(delete(early_receipts).where(tx.among(early_receipts.c.receipt_id, several)))
    return apply_changes(tx, changes, now_ms)


def _once(tx: Tx, found: Sequence[_Early], refs: Mapping[str, Change]) -> list[_Early]:
    """Take each receipt once although it has several names, without those that are about another number.

    Spans accounts.
    """
    ids = {refs[receipt.provider_ref].message_id for receipt in found}
    numbers = tx.pairs(select(messages.c.id, messages.c.msisdn).where(tx.among(messages.c.id, ids)))
    once: dict[str, _Early] = {}
    for receipt in found:
        change = refs[receipt.provider_ref]
        named_itself = receipt.provider_ref == change.provider_ref and receipt.receipt_id in {None, receipt.id}
        if named_itself or not receipt.msisdns or numbers.get(change.message_id) in receipt.msisdns.split():
            once.setdefault(receipt.receipt_id or receipt.id, receipt)
    return list(once.values())


def record_receipts(tx: Tx, chunks: Sequence[Receipts]) -> list[Recorded]:
    """Apply receipts; one whose message is not known yet is kept until it is."""
    receipts = [receipt for chunk in chunks for receipt in chunk.receipts if receipt.status is not None]
    meant = meant_by(tx, receipts)
    known = _known(tx, receipts, meant)
    unknown = [receipt for receipt in receipts if (receipt.provider, meant.ref(receipt)) not in known]
    earlier = earlier_takers(tx, {receipt.provider_ref for receipt in unknown}) if unknown else {}
    unknown = [receipt for receipt in unknown if (receipt.provider, receipt.provider_ref) not in earlier]
    if unknown:
        # Their outcomes may be being recorded at this moment, by one who has looked for early receipts already.
        tx.take_turns(alone=True)
        again = meant_by(tx, unknown)
        meant = Meant(meant.refs | again.refs, again.ambiguous)
        known |= _known(tx, unknown, meant)
    return [_record(tx, chunk, known, earlier, meant) for chunk in chunks]


def _record(
    tx: Tx,
    chunk: Receipts,
    known: Mapping[tuple[str, str], str],
    earlier: Mapping[tuple[str, str], str],
    meant: Meant,
) -> Recorded:
    """Apply one chunk of receipts and keep those whose message is unknown.

    Of a message that has gone on to another provider, an earlier one can only say that it was delivered.
    """
    understood = [receipt for receipt in chunk.receipts if receipt.status is not None]
    changes: list[Change] = []
    early: list[Receipt] = []
    stale = 0
    for receipt in understood:
        key = (receipt.provider, meant.ref(receipt))
        if (message_id := known.get(key)) is not None:
            changes.append(_change(message_id, receipt))
        elif (message_id := earlier.get(key)) is None:
            early.append(receipt)
        elif receipt.status is Status.DELIVERED:
            changes.append(_change(message_id, receipt))
        else:
            stale += 1
    applied = apply_changes(tx, changes, chunk.now_ms)
    _park(tx, early, chunk.now_ms)
    return Recorded(
        applied,
        ReceiptFate(
            applied=len(applied),
            repeated=len(changes) - len(applied) + stale,
            parked=len(early),
            not_understood=len(chunk.receipts) - len(understood),
            ambiguous=sum(receipt in meant.ambiguous for receipt in early) if meant.ambiguous else 0,
        ),
    )


class _Taken(Row, frozen=True):
    """A message, by what its provider calls it."""

    provider: str
    provider_ref: str
    id: str


def _known(tx: Tx, receipts: Sequence[Receipt], meant: Meant) -> dict[tuple[str, str], str]:
    """Find the messages that these receipts are about, by provider and the provider's id. Spans accounts."""
    found = tx.fetch(_taken, refs={meant.ref(receipt) for receipt in receipts})
    return {(each.provider, each.provider_ref): each.id for each in found}


@prepared(_Taken)
def _taken(refs: Given) -> Select[*tuple[Any, ...]]:
    known = (messages.c.provider, messages.c.provider_ref, messages.c.id)
    return select(*known).where(among(messages.c.provider_ref, refs))


class Sent(msgspec.Struct, frozen=True):
    """A message that a provider has taken, with what decides its further way."""

    subject: Subject
    passed_on_by: str
    expire_at: int


class _SentRow(Row, frozen=True):
    provider: str
    provider_ref: str
    msisdn: str
    account_id: str
    channel: str
    parts: int | None
    passed_on_by: str | None
    expire_at: int
    originator: str | None
    tags: str


def sent_under(tx: Tx, provider_refs: Collection[str]) -> dict[tuple[str, str], Sent]:
    """Find messages that providers took under these identifiers, and of which nothing is known yet. Spans accounts."""
    known = {
        "provider": messages.c.provider,
        "provider_ref": messages.c.provider_ref,
    }  # neither of these rows lacks one
    query = (
        select(*columns(_SentRow, messages, batches, **known))
        .join_from(messages, batches, batches.c.id == messages.c.batch_id)
        .where(tx.among(messages.c.provider_ref, provider_refs), messages.c.status == Status.SENT.value)
    )
    return {
        (row.provider, row.provider_ref): Sent(
            Subject(
                msisdn=row.msisdn,
                account=row.account_id,
                channel=row.channel,
                parts=row.parts or 1,
                originator=row.originator,
                tags=msgspec.json.decode(row.tags),
            ),
            row.passed_on_by or "",
            row.expire_at,
        )
        for row in tx.all(_SentRow, query)
    }


def _change(message_id: str, receipt: Receipt) -> Change:
    return Change(
        message_id,
        receipt.status or Status.UNKNOWN,
        reason=receipt.reason,
        provider_code=receipt.provider_code,
        detail=receipt.detail,
        at_ms=receipt.at_ms,
        elsewhere=receipt.elsewhere,
    )


def _park(tx: Tx, early: Sequence[Receipt], now_ms: int) -> None:
    names = [(receipt, name) for receipt in early for name in _names(receipt)]
    firsts: dict[int, str] = {}
    rows = [
        _Early(
            identifier,
            receipt.provider,
            name,
            (receipt.status or Status.UNKNOWN).value,
            receipt.reason,
            receipt.provider_code,
            receipt.detail,
            receipt.at_ms if receipt.at_ms is not None else now_ms,
            firsts.setdefault(id(receipt), identifier) if receipt.is_loose else None,
            " ".join(receipt.msisdns) or None,
        )
        for identifier, (receipt, name) in zip(following(new_id(), len(names)), names, strict=True)
    ]
    tx.insert(early_receipts, rows, {"received_at": now_ms})


def _names(receipt: Receipt) -> dict[str, None]:
    """Collect all that its message may be known by, its own name first."""
    return dict.fromkeys((receipt.provider_ref, *receipt.other_refs, *receipt.ref_keys))


def forget_early_receipts(tx: Tx, before_ms: int) -> int:
    """Delete receipts that have waited for their message since before `before_ms`: they were never ours."""
    return tx.run(delete(early_receipts).where(early_receipts.c.received_at < before_ms))
