"""Changing batches after they were accepted: their contents, their tags, and who is in their groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from sqlalchemy import delete, select, update

from heliograph.domain.batches import MAX_TAGS, Batch, notify_of
from heliograph.domain.caps import Caps
from heliograph.domain.errors import AlreadyDispatched, TooManyItems
from heliograph.domain.ids import following
from heliograph.domain.instants import to_ms
from heliograph.domain.lengths import require_short
from heliograph.domain.life import Change
from heliograph.domain.local_times import due_times
from heliograph.domain.prices import FREE, Quote, Tariff
from heliograph.domain.statuses import Reason, Status
from heliograph.store.accounts import terms_of
from heliograph.store.batches import (
    Fresh,
    NewBatch,
    add_messages,
    batch_by_id,
    batch_row,
    everyone,
    fields_of,
    open_count,
    priced,
    unknown_group,
)
from heliograph.store.changes import apply_changes
from heliograph.store.groups import unknown_groups
from heliograph.store.ledger import charge, charge_within, give_back
from heliograph.store.messages import of_batch
from heliograph.store.outbox import settle_if_empty
from heliograph.store.schema import batches, groups, has_groups_to_expand, is_queued, messages
from heliograph.store.tx import Row, Tx, columns

EXPANDED_AT_ONCE = 50
_KEPT = {
    *("id", "account_id", "idempotency_key", "fingerprint", "created_at", "canceled_at", "used_ids"),
    *("pause", "pause_reason"),
}


class _There(Row, frozen=True):
    """A message that the batch has before it is rewritten."""

    id: str
    msisdn: str
    status: str
    reason: str | None
    attempts: int
    price: int


def rewrite(
    tx: Tx,
    account_id: str,
    batch_id: str,
    renew: Callable[[Batch], Batch],
    now_ms: int,
    tariff: Tariff = FREE,
    caps: Caps | None = None,
) -> Batch | None:
    """Replace a batch by what `renew` makes of it; None if there is no such batch.

    Recipients that stay keep their messages, the others' are deleted, new ones get messages of their own. Raises
    AlreadyDispatched once a worker has held any of its messages, its groups were looked up, or it was canceled;
    UnknownGroup for a group that it did not name before (one that it did may have been deleted since, and is empty);
    InsufficientCredit; CapReached; and whatever `renew` raises: then nothing is written.
    """
    query = select(*columns(_There, messages)).where(messages.c.account_id == account_id, of_batch(batch_id))
    rows = tx.all(_There, query.order_by(messages.c.id).with_for_update())
    used_ids = tx.value(
        select(batches.c.used_ids).where(batches.c.account_id == account_id, batches.c.id == batch_id).with_for_update()
    )
    before = batch_by_id(tx, account_id, batch_id)
    if before is None:
        return None
    if before.canceled or (before.groups and before.expand_at is None) or any(map(_dispatched, rows)):
        raise AlreadyDispatched()
    after = renew(before)
    if strangers := unknown_groups(tx, account_id, [group for group in after.groups if group not in before.groups]):
        raise unknown_group(strangers)
    (wanted,) = priced(tx, [(after, everyone(tx, after), tariff)])
    _settle_difference(tx, wanted, rows, caps, now_ms)
    return _put(tx, wanted, {row.msisdn: row for row in rows}, used_ids, now_ms)


def _settle_difference(tx: Tx, wanted: Fresh, before: Sequence[_There], caps: Caps | None, now_ms: int) -> None:
    """Charge what is sent besides, within caps, or give back. What is not sent any more stays counted."""
    more = wanted.bill.amount - sum(row.price for row in before)
    bill = wanted.bill_within(caps)
    added = max(bill.messages - sum(row.status == Status.QUEUED.value for row in before), 0)
    if more > 0 or added:
        (refusal,) = charge_within(tx, [bill._replace(amount=max(more, 0), messages=added)], now_ms).refusals
        if refusal is not None:
            raise refusal
    if more < 0:
        give_back(tx, [bill._replace(amount=-more)], now_ms)


def _dispatched(row: _There) -> bool:
    untouched = row.status == Status.QUEUED.value and not row.attempts
    refused = row.status == Status.REJECTED.value and row.reason in {Reason.OPTED_OUT, Reason.NO_COVERAGE}
    return not untouched and not refused


class _Renewed(Row, frozen=True):
    """The columns that change of a message that stays."""

    id: str
    price: int
    parts: int | None
    due_at: int
    expire_at: int


class _Rerouted(Row, frozen=True):
    id: str
    channel: str
    leg: int
    plan: str | None


def _put(tx: Tx, wanted: Fresh, there: dict[str, _There], used_ids: int, now_ms: int) -> Batch:
    after = wanted.batch
    quotes = dict(zip(wanted.msisdns, wanted.quotes, strict=True))
    kept = [there[msisdn] for msisdn in wanted.msisdns if msisdn in there]
    gone = [there[msisdn].id for msisdn in there.keys() - quotes.keys()]
    new = [msisdn for msisdn in wanted.msisdns if msisdn not in there]
    if gone:
        tx.run(delete(messages).where(messages.c.account_id == after.account_id, tx.among(messages.c.id, gone)))
    shared = {"notify": int(notify_of(after.report, after.options)), "priority": int(after.options.priority)}
    mine = (messages.c.account_id == after.account_id, of_batch(after.id))
    tx.run(update(messages).where(*mine, is_queued).values(**shared, why_queued=None, waits_at=None, set_aside=None))
    tx.update(messages, _renewed(after, kept, quotes))
    if after.options.fallbacks:
        routes = [(row.id, quotes[row.msisdn]) for row in kept]
        tx.update(messages, [_Rerouted(one, quote.channel.value, quote.leg, quote.plan) for one, quote in routes])
    row = msgspec.structs.asdict(batch_row(NewBatch(after), len(wanted.msisdns)))
    values = {name: value for name, value in row.items() if name not in _KEPT}
    waiting = len(new) + sum(each.status == Status.QUEUED.value for each in kept)
    values |= {"open_count": open_count(after, waiting), "used_ids": used_ids + len(new)}
    it = (batches.c.account_id == after.account_id, batches.c.id == after.id)
    tx.run(update(batches).where(*it).values(**values))
    add_messages(tx, [Fresh(after, new, [quotes[msisdn] for msisdn in new], used_ids)])
    if not waiting:
        settle_if_empty(tx, [after.id], now_ms)
    return msgspec.structs.replace(after, recipient_count=len(wanted.msisdns))


def _renewed(after: Batch, kept: Sequence[_There], quotes: Mapping[str, Quote]) -> list[_Renewed]:
    """Build the changes of messages that stay; the times of those that were refused at once matter to nobody."""
    validity = to_ms(after.expire_at) - to_ms(after.send_at)
    due = due_times(after, [row.msisdn for row in kept])
    return [
        _Renewed(row.id, quotes[row.msisdn].price, quotes[row.msisdn].parts or None, due_at, due_at + validity)
        for row, due_at in zip(kept, due, strict=True)
    ]


def _for_nothing(wanted: Fresh) -> list[Quote]:
    return [quote._replace(price=0) for quote in wanted.quotes]


def expand_due(tx: Tx, now_ms: int, tariff: Tariff = FREE) -> tuple[list[str], int]:
    """Look up the groups of batches that are due, and store messages for their members. Spans accounts.

    A member who is a recipient anyway gets one message. If the balance, or a cap, does not cover the members, their
    messages are rejected. At most 50 batches at once; returns which, and how many messages.
    """
    rows = tx.rows(
        select(batches.c.id, batches.c.account_id, batches.c.used_ids, batches.c.open_count)
        .where(has_groups_to_expand, batches.c.expand_at <= now_ms)
        .order_by(batches.c.expand_at)
        .limit(EXPANDED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    total = 0
    for batch_id, account_id, used_ids, waiting in rows:
        batch = batch_by_id(tx, account_id, batch_id)
        assert batch is not None  # noqa: S101 - just locked
        there = set(tx.column(select(messages.c.msisdn).where(of_batch(batch_id))))
        batch.expand_at = None
        new = [msisdn for msisdn in everyone(tx, batch) if msisdn not in there]
        terms = terms_of(tx, account_id)
        (wanted,) = priced(tx, [(batch, new, tariff.under(terms))])
        tx.run(
            update(batches)
            .where(batches.c.id == batch_id)
            .values(
                expand_at=None,
                recipient_count=batch.recipient_count + len(new),
                used_ids=used_ids + len(new),
                open_count=None if waiting is None else waiting - 1 + len(new),
                **_with_fields(tx, batch),
            )
        )
        paid = charge(tx, [wanted.bill_within(terms.caps)], now_ms) == [True]
        add_messages(tx, [wanted._replace(used_ids=used_ids, quotes=wanted.quotes if paid else _for_nothing(wanted))])
        if not paid:
            ids = following(batch_id, used_ids + len(new))[used_ids:]
            apply_changes(tx, [Change(one, Status.REJECTED, reason=Reason.INSUFFICIENT_CREDIT) for one in ids], now_ms)
        if not new:
            settle_if_empty(tx, [batch_id], now_ms)
        total += len(new)
    return [batch_id for batch_id, *_ in rows], total


def _with_fields(tx: Tx, batch: Batch) -> dict[str, str]:
    """Return the column of fields with the members' values, besides those of recipients who were there before.

    Returns nothing if members have none.
    """
    if batch.fields is None:
        return {}
    there = fields_of(tx, batch.id)
    both = {name: {**there.get(name, {}), **batch.fields.get(name, {})} for name in {**there, **batch.fields}}
    return {"fields": msgspec.json.encode(both).decode()}


def next_expansion_at(tx: Tx) -> int | None:
    """Return when the next batch's groups are to be looked up, in ms since 1970. Spans accounts."""
    value: int | None = tx.value(
        select(batches.c.expand_at).where(has_groups_to_expand).order_by(batches.c.expand_at).limit(1)
    )
    return value


_decode_list = msgspec.json.Decoder(list[str]).decode
_TAGGED = {"batches": batches, "groups": groups}


def tags_of(tx: Tx, kind: str, account_id: str, identifier: str) -> list[str] | None:
    """Return the tags of one of the `batches` or `groups`; None if there is no such."""
    table = _TAGGED[kind]
    found = tx.value(select(table.c.tags).where(table.c.account_id == account_id, table.c.id == identifier))
    return None if found is None else _decode_list(found)


def change_tags(
    tx: Tx, kind: str, account_id: str, identifier: str, edit: Callable[[list[str]], Sequence[str]], now_ms: int
) -> list[str] | None:
    """Write what `edit` makes of the tags of one of the `batches` or `groups`; None if there is no such.

    Raises TooManyItems for more than MAX_TAGS, InvalidField for a long one: then nothing is written.
    """
    table = _TAGGED[kind]
    one = (table.c.account_id == account_id, table.c.id == identifier)
    found = tx.value(select(table.c.tags).where(*one).with_for_update())
    if found is None:
        return None
    tags = list(dict.fromkeys(edit(_decode_list(found))))
    if len(tags) > MAX_TAGS:
        raise TooManyItems(f"There may be {MAX_TAGS} tags; these are {len(tags)}.", field="tags")
    require_short(tags, "tags")
    tx.run(update(table).where(*one).values(tags=msgspec.json.encode(tags).decode(), modified_at=now_ms))
    return tags
