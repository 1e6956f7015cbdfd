"""Moving messages from status to status: the only code that writes a status once a message exists.

Whatever wants a change (a worker's outcome, a receipt, a cancellation, a lapsed lease) comes through
`apply_changes`, which holds it against the table of transitions, and writes in the same transaction what the
change sets off: the count of open messages of its batch, and the events to call back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import func, select

from heliograph.domain.attempts import AttemptOutcome
from heliograph.domain.batches import Notify, Options, Pause, PauseReason
from heliograph.domain.callbacks import NATIVE, EventKind, MessageFacts, receiver_of
from heliograph.domain.channels import Plan, plan_of
from heliograph.domain.ids import following, new_id
from heliograph.domain.messages import Waiting
from heliograph.domain.statuses import OPEN, SETTLED, Reason, Status, may_become
from heliograph.store.ledger import Bill, give_back
from heliograph.store.schema import accounts, attempts, batches, events, messages
from heliograph.store.tx import Tx, Values


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
    line: str | None = None
    """Where it waits; only with QUEUED."""
    tried: str | None = None
    """Providers that are not to be asked again, separated by spaces; None: as before."""
    attempted: AttemptOutcome | None = None
    """What came of the attempt that this ends, if the message goes on."""
    elsewhere: bool = False
    """If a provider has taken it, another one is tried instead of ending it."""


class Applied(msgspec.Struct, frozen=True):
    """A change that took place."""

    message_id: str
    batch_id: str
    account_id: str
    status: Status
    provider: str | None = None
    took_ms: int | None = None
    """From being sent until a receipt settled it."""


class Current(NamedTuple):
    """A message as it stands, as far as a change needs to know."""

    id: str
    account_id: str
    batch_id: str
    msisdn: str
    status: str
    notify: int
    provider: str | None
    provider_ref: str | None
    encoding: str | None
    parts: int | None
    due_at: int
    sent_at: int | None
    attempts: int
    price: int
    channel: str
    leg: int
    plan: str | None
    fall_back_at: int | None
    tried: str | None


class Taken(NamedTuple):
    """A change that takes place, and the message before and after it."""

    change: Change
    before: Current
    after: Current


_NOT_SENT = {Status.FAILED, Status.REJECTED, Status.EXPIRED, Status.CANCELED}
_UNSENT = {Status.QUEUED.value, Status.SENDING.value}
_HELD = {Status.SENDING.value, Status.SENT.value}
_WENT_WRONG = {Status.FAILED, Status.REJECTED, Status.EXPIRED, Status.UNKNOWN}
_NOBODYS_FAULT = {Reason.OPTED_OUT, Reason.NO_COVERAGE, Reason.INSUFFICIENT_CREDIT, Reason.EXPIRED_BEFORE_SENDING}
"""Ends that say nothing of whether the others will be delivered."""
_decode_options = msgspec.json.Decoder(Options).decode
_UNDELIVERED = {Status.FAILED, Status.REJECTED, Status.EXPIRED}
_NO_CHANNEL_HELPS = {Reason.OPTED_OUT, Reason.EXPIRED_BEFORE_SENDING}
"""Why a message ends although another channel is left."""

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
    "price",
    "settled_at",
)


def apply_changes(tx: Tx, changes: Sequence[Change], now_ms: int) -> list[Applied]:
    """Applies what the table of transitions allows; the others leave no trace. Returns those applied, in order."""
    if not changes:
        return []
    current = lock_messages(tx, [change.message_id for change in changes])
    rows: dict[str, Values] = {}
    taken: list[Taken] = []
    for change in changes:
        before = current.get(change.message_id)
        if before is None:
            continue
        if change.elsewhere and before.status == Status.SENT:
            change, after = _failed_over(change, before, now_ms)
        elif before.plan is not None and (fallen := _fallen_back(plan_of(before.plan), change, before, now_ms)):
            change, after = fallen
        elif may_become(Status(before.status), change.status):
            after = _changed(change, before, now_ms)
        else:
            continue
        current[change.message_id] = after  # a second change to the same message must see the first
        rows[change.message_id] = _written(change, after, now_ms)
        taken.append(Taken(change, before, after))
    tx.update(messages, "id", _WRITTEN, list(rows.values()), {"worker": None, "lease_until": None})
    _write_routes(tx, taken)
    _write_lines(tx, taken)
    _write_attempts(tx, taken, now_ms)
    _close_batches(tx, taken)
    _count_ends(tx, taken, now_ms)
    _return_prices(tx, taken, now_ms)
    _write_events(tx, taken, now_ms)
    return [
        Applied(
            after.id,
            after.batch_id,
            after.account_id,
            change.status,
            after.provider,
            None if before.sent_at is None or before.status != "sent" else _took_ms(change, before.sent_at, now_ms),
        )
        for change, before, after in taken
    ]


def _took_ms(change: Change, sent_at: int, now_ms: int) -> int | None:
    """From being sent until this settled it; None if it did not."""
    return max(_happened(change, now_ms) - sent_at, 0) if change.status in SETTLED else None


def lock_messages(tx: Tx, message_ids: Sequence[str]) -> dict[str, Current]:
    """The messages' current state, kept still until the transaction ends, in an order that cannot deadlock."""
    columns = [messages.c[name] for name in Current._fields]
    rows = tx.rows(
        select(*columns).where(tx.among(messages.c.id, message_ids)).order_by(messages.c.id).with_for_update()
    )
    return {row[0]: Current._make(row) for row in rows}


def _changed(change: Change, before: Current, now_ms: int) -> Current:
    sent_at = before.sent_at
    if sent_at is None and change.status in {Status.SENT, Status.DELIVERED}:
        sent_at = _happened(change, now_ms)
    after = Current(
        before.id,
        before.account_id,
        before.batch_id,
        before.msisdn,
        change.status.value,
        before.notify,
        change.provider if change.provider is not None else before.provider,
        change.provider_ref if change.provider_ref is not None else before.provider_ref,
        change.encoding if change.encoding is not None else before.encoding,
        change.parts if change.parts is not None else before.parts,
        change.due_at if change.due_at is not None else before.due_at,
        sent_at,
        change.attempts if change.attempts is not None else before.attempts,
        0 if _never_went(change, before) else before.price,
        before.channel,
        before.leg,
        before.plan,
        before.fall_back_at,
        change.tried if change.tried is not None else before.tried,
    )
    return after if before.plan is None else _along(plan_of(before.plan), change, after, now_ms)


def _along(plan: Plan, change: Change, after: Current, now_ms: int) -> Current:
    """What else changes of a message that may take several channels: its price, and until when it has time."""
    if change.status in SETTLED:
        price = min(after.price, plan.at(after.leg).price)  # 0 if it never went
        return after._replace(price=price, fall_back_at=None)
    if change.status is Status.SENT and plan.after(after.leg) is not None:
        return after._replace(fall_back_at=_happened(change, now_ms) + plan.after_ms)
    return after._replace(fall_back_at=None)


def _fallen_back(plan: Plan, change: Change, before: Current, now_ms: int) -> tuple[Change, Current] | None:
    """What becomes of a message that one channel did not deliver and that has another; None: what the change says.

    A message of which nobody knows whether it went out keeps the time that its channel has for a receipt.
    """
    following_leg = plan.after(before.leg)
    if following_leg is None or before.status not in _HELD or change.reason in _NO_CHANNEL_HELPS:
        return None
    if change.status is Status.UNKNOWN and before.status == Status.SENDING:
        waits = msgspec.structs.replace(change, status=Status.SENT, reason=None)
        return waits, _changed(waits, before, now_ms)
    if change.status not in _UNDELIVERED:
        return None
    again = Change(
        change.message_id,
        Status.QUEUED,
        reason=Waiting.FELL_BACK,
        provider_code=change.provider_code,
        detail=change.detail,
        due_at=now_ms,
        attempts=0,
        tried="",
        attempted=AttemptOutcome.FAILED if change.attempted is None else change.attempted,
    )
    after = _changed(again, before, now_ms)
    return again, after._replace(
        channel=following_leg.channel,
        leg=following_leg.number,
        parts=following_leg.parts,
        provider_ref=None,  # what is still heard of the leg before is about nothing that can change
        sent_at=None,
    )


def _write_lines(tx: Tx, taken: Sequence[Taken]) -> None:
    """Where those wait that go back to the queue, and who is not to be asked: nobody looks at it elsewhere."""
    rows: dict[str, Values] = {
        after.id: (after.id, change.line, after.tried) for change, _, after in taken if change.status is Status.QUEUED
    }
    tx.update(messages, "id", ("line", "tried"), list(rows.values()))


def _failed_over(change: Change, before: Current, now_ms: int) -> tuple[Change, Current]:
    """What becomes of a message that one provider took and did not deliver, and that another is to have."""
    again = Change(
        change.message_id,
        Status.QUEUED,
        reason=Waiting.FAILED_OVER,
        provider_code=change.provider_code,
        detail=change.detail,
        due_at=now_ms,
        tried=f"{before.tried or ''} {before.provider or ''}".strip(),
        attempted=AttemptOutcome.FAILED,
    )
    after = _changed(again, before, now_ms)
    return again, after._replace(provider_ref=None, sent_at=None, fall_back_at=None)


_ATTEMPT = ("id", "message_id", "provider", "provider_ref", "outcome", "reason", "provider_code", "detail", "at")


def _write_attempts(tx: Tx, taken: Sequence[Taken], now_ms: int) -> None:
    """Keeps what came of attempts after which a message goes on; the last one is in the message."""
    ended = [entry for entry in taken if entry.change.attempted is not None]
    if not ended:
        return
    rows: list[Values] = []
    for identifier, (change, before, after) in zip(following(new_id(), len(ended)), ended, strict=True):
        outcome = change.attempted or AttemptOutcome.FAILED
        provider = change.provider or before.provider or ""
        what = (change.reason, change.provider_code, change.detail, _happened(change, now_ms))
        # By another channel it is another message: what is still heard of the one before changes nothing.
        ref = None if change.reason == Waiting.FELL_BACK else before.provider_ref
        rows.append((identifier, after.id, provider, ref, outcome.value, *what))
    tx.insert(attempts, _ATTEMPT, rows)


def _write_routes(tx: Tx, taken: Sequence[Taken]) -> None:
    rows: dict[str, Values] = {
        after.id: (after.id, after.channel, after.leg, after.fall_back_at)
        for _, _, after in taken
        if after.plan is not None
    }
    tx.update(messages, "id", ("channel", "leg", "fall_back_at"), list(rows.values()))


def _never_went(change: Change, before: Current) -> bool:
    """Whether the message ends here without ever having been with a provider, as far as anybody knows."""
    return change.status in _NOT_SENT and before.status in _UNSENT and before.sent_at is None


def _written(change: Change, after: Current, now_ms: int) -> Values:
    """In the order of `_WRITTEN`, behind the key."""
    return (
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
        _happened(change, now_ms) if change.status in SETTLED else None,
    )


def _happened(change: Change, now_ms: int) -> int:
    return change.at_ms if change.at_ms is not None else now_ms


def _ends_batch(entry: Taken) -> bool:
    """Whether this change takes the message out of those that its batch still waits for."""
    return (
        bool(entry.before.notify & Notify.BATCH_WHEN_SETTLED)
        and entry.before.status in OPEN
        and entry.change.status in SETTLED
    )


def _close_batches(tx: Tx, taken: Sequence[Taken]) -> None:
    """Counts down the batches whose end is called back."""
    settled = Counter(entry.before.batch_id for entry in taken if _ends_batch(entry))
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


def _count_ends(tx: Tx, taken: Sequence[Taken], now_ms: int) -> None:
    """Counts what has settled, and how much of it failed, where batches pause by themselves; pauses those that must."""
    settled: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for change, before, _ in taken:
        if before.notify & Notify.WATCHED and before.status in OPEN and change.status in SETTLED:
            settled[before.batch_id] += 1
            failed[before.batch_id] += change.status in _WENT_WRONG and change.reason not in _NOBODYS_FAULT
    if not settled:
        return
    columns = (batches.c.id, batches.c.settled_count, batches.c.failed_count, batches.c.options, batches.c.pause)
    rows = tx.rows(select(*columns).where(tx.among(batches.c.id, settled)).order_by(batches.c.id).with_for_update())
    counts, pausing = [], []
    for batch_id, settled_before, failed_before, options, pause in rows:
        ended, wrong = (settled_before or 0) + settled[batch_id], (failed_before or 0) + failed[batch_id]
        counts.append((batch_id, ended, wrong))
        rule = _decode_options(options)
        most = 1.0 if rule.pause_share is None else rule.pause_share
        if pause is None and failed[batch_id] and ended >= rule.pause_after and wrong > most * ended:
            pausing.append((batch_id, Pause.PAUSING.value, PauseReason.FAILURES.value))
    tx.update(batches, "id", ("settled_count", "failed_count"), counts)
    tx.update(batches, "id", ("pause", "pause_reason"), pausing)
    if pausing:
        targets = _callback_targets(tx, {row[0] for row in pausing})
        # Only the native API can ask for it; the others have no words for it.
        told = [target for target in targets.values() if target.protocol == NATIVE and target.url is not None]
        insert_events(
            tx,
            [(each.account_id, NATIVE, each.url, EventKind.BATCH_PAUSED.value, each.batch_id, None) for each in told],
            now_ms,
        )


def settle_if_empty(tx: Tx, batch_ids: Collection[str], now_ms: int) -> None:
    """Calls back the end of those of these batches that wait for no message, although none has settled just now."""
    if not batch_ids:
        return
    targets = _callback_targets(tx, set(batch_ids))
    insert_events(tx, [_end_of(target) for target in targets.values() if _is_over(target)], now_ms)


def _return_prices(tx: Tx, taken: Sequence[Taken], now_ms: int) -> None:
    """Gives back what was charged for messages that were not sent."""
    back: Counter[tuple[str, str]] = Counter()
    for _, before, after in taken:
        if before.price != after.price:
            back[before.account_id, before.batch_id] += before.price - after.price
    if back:
        give_back(tx, [Bill(*whose, amount) for whose, amount in back.items()], now_ms)


class Target(NamedTuple):
    """Where the facts of a batch go."""

    batch_id: str
    account_id: str
    protocol: str
    url: str | None
    open_count: int | None


def _write_events(tx: Tx, taken: Sequence[Taken], now_ms: int) -> None:
    ending = [entry for entry in taken if _ends_batch(entry)]
    telling = [entry for entry in taken if _is_told(entry)]
    if not ending and not telling:
        return
    targets = _callback_targets(tx, {entry.before.batch_id for entry in (*ending, *telling)})
    rows: list[Values] = []
    for entry in telling:
        target = targets[entry.before.batch_id]
        if target.url is not None:
            facts = _facts(entry, now_ms)
            kind = EventKind.MESSAGE_STATUS.value
            rows.append((target.account_id, target.protocol, target.url, kind, target.batch_id, facts))
    for batch_id in dict.fromkeys(entry.before.batch_id for entry in ending):
        target = targets[batch_id]
        if _is_over(target):
            rows.append(_end_of(target))
    insert_events(tx, rows, now_ms)


def _is_over(target: Target) -> bool:
    return target.url is not None and target.open_count == 0


def _end_of(target: Target) -> Values:
    return (target.account_id, target.protocol, target.url, EventKind.BATCH_SETTLED.value, target.batch_id, None)


def _is_told(entry: Taken) -> bool:
    """Whether this change is a fact that the customer wants to hear by itself."""
    if entry.change.status in SETTLED:
        return bool(entry.before.notify & (Notify.EVERY_CHANGE | Notify.WHEN_SETTLED))
    return bool(entry.before.notify & Notify.EVERY_CHANGE) and entry.change.status is Status.SENT


def _callback_targets(tx: Tx, batch_ids: set[str]) -> dict[str, Target]:
    """Of each batch; the URL is the batch's own or the account's."""
    found = tx.rows(
        select(
            batches.c.id,
            batches.c.account_id,
            batches.c.protocol,
            func.coalesce(batches.c.callback_url, accounts.c.callback_url).label("url"),
            batches.c.open_count,
        )
        .join_from(batches, accounts, accounts.c.id == batches.c.account_id, isouter=True)
        .where(tx.among(batches.c.id, batch_ids))
    )
    return {row[0]: Target._make(row) for row in found}


_encode_facts: Callable[[MessageFacts], bytes] = msgspec.json.encode


def _facts(entry: Taken, now_ms: int) -> str:
    change, _, after = entry
    return _encode_facts(
        MessageFacts(
            message_id=after.id,
            msisdn=after.msisdn,
            status=after.status,
            reason=change.reason,
            provider_code=change.provider_code,
            detail=change.detail,
            encoding=after.encoding,
            parts=after.parts,
            at_ms=_happened(change, now_ms),
        )
    ).decode()


def insert_events(tx: Tx, rows: Sequence[Values], now_ms: int) -> None:
    """Puts events in the outbox, due now; a row is account, protocol, URL, kind, subject, facts."""
    if not rows:
        return
    identifiers = following(new_id(), len(rows))
    tx.insert(
        events,
        ("id", "receiver", "account_id", "protocol", "url", "kind", "subject_id", "facts"),
        [(identifier, receiver_of(row[0], row[2]), *row) for identifier, row in zip(identifiers, rows, strict=True)],
        {"state": "waiting", "due_at": now_ms, "created_at": now_ms},
    )
