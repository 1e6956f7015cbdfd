"""Changing batches after they were accepted: their contents, their tags, and who is in their groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import delete, select, update

from heliograph.domain.accounts import Terms
from heliograph.domain.batches import MAX_TAGS, Batch, notify_of
from heliograph.domain.caps import Caps
from heliograph.domain.errors import AlreadyDispatched, TooManyItems
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
    look_up,
    open_count,
    priced,
    reject_unpaid,
    unknown_group,
)
from heliograph.store.changes import apply_changes
from heliograph.store.groups import unknown_groups
from heliograph.store.indexing import forget_words, learn_words
from heliograph.store.ledger import charge, charge_within, give_back
from heliograph.store.messages import of_batch
from heliograph.store.outbox import settle_if_empty
from heliograph.store.schema import batches, groups, has_groups_to_expand, is_queued, messages
from heliograph.store.tx import Row, Tx, columns
from heliograph.store.works import MADE_AT_ONCE, Holder, Work, WorkKind, begin, require_free

EXPANDED_AT_ONCE = 50
KEPT = {
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

    Recipients that stay keep their messages, the others' are deleted, new ones get messages of their own. Whoever has
    opted out since is refused, and who was refused stays so. Raises
    AlreadyDispatched once a worker has held any of its messages, its groups were looked up, or it was canceled;
    UnknownGroup for a group that it did not name before (one that it did may have been deleted since, and is empty);
    InsufficientCredit; CapReached; UnderChange; and whatever `renew` raises: then nothing is written.
    """
    query = select(*columns(_There, messages)).where(messages.c.account_id == account_id, of_batch(batch_id))
    rows = tx.all(_There, query.order_by(messages.c.id).with_for_update())
    used_ids = tx.value(
        select(batches.c.used_ids).where(batches.c.account_id == account_id, batches.c.id == batch_id).with_for_update()
    )
    before = batch_by_id(tx, account_id, batch_id)
    if before is None:
        return None
    require_free(tx, batch_id)
    if before.canceled or (before.groups and before.expand_at is None) or any(map(_dispatched, rows)):
        raise AlreadyDispatched()
    after = renew(before)
    require_known_groups(tx, before, after)
    (wanted,) = priced(tx, [(after, everyone(tx, after), tariff)])
    wanted = still_refused(wanted, {row.msisdn: row.reason for row in rows if row.status == Status.REJECTED.value})
    queued = sum(row.status == Status.QUEUED.value for row in rows)
    settle_difference(tx, wanted, sum(row.price for row in rows), queued, caps, now_ms)
    return _put(tx, wanted, {row.msisdn: row for row in rows}, used_ids, now_ms)


def still_refused(wanted: Fresh, refused: Mapping[str, str | None]) -> Fresh:
    """Let messages that were refused before a change cost nothing after it: they stay so, whoever opts in again.

    `refused` are their reasons, by MSISDN.
    """
    if not refused:
        return wanted
    quotes = [
        quote._replace(price=0, refused=Reason(reason)) if (reason := refused.get(msisdn)) is not None else quote
        for msisdn, quote in zip(wanted.msisdns, wanted.quotes, strict=True)
    ]
    return wanted._replace(quotes=quotes)


def refuse_kept(tx: Tx, kept: Iterable[tuple[str, Quote]], now_ms: int) -> None:
    """End queued messages of a changed batch as rejected, to whose recipients nothing is sent any more.

    They cost nothing from now on: if they stayed queued they would be sent for that.
    """
    refused = [
        Change(message_id, Status.REJECTED, reason=quote.refused)
        for message_id, quote in kept
        if quote.refused is not None
    ]
    apply_changes(tx, refused, now_ms)


def require_known_groups(tx: Tx, before: Batch, after: Batch) -> None:
    """Raise UnknownGroup for a group that a batch did not name before and that is not there."""
    new = [group for group in after.groups if group not in before.groups]
    if strangers := unknown_groups(tx, after.account_id, new):
        raise unknown_group(strangers)


def settle_difference(tx: Tx, wanted: Fresh, price: int, queued: int, caps: Caps | None, now_ms: int) -> int:
    """Charge what is sent besides what was charged before, within caps, or give back; return how much more it is.

    `price` (millionths) is what its messages cost before, of which `queued` would have been sent. What is not sent any
    more stays counted. Raises InsufficientCredit; CapReached.
    """
    more = wanted.bill.amount - price
    bill = wanted.bill_within(caps)
    added = max(bill.messages - queued, 0)
    if more > 0 or added:
        (refusal,) = charge_within(tx, [bill._replace(amount=max(more, 0), messages=added)], now_ms).refusals
        if refusal is not None:
            raise refusal
    if more < 0:
        give_back(tx, [bill._replace(amount=-more)], now_ms)
    return more


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
    values = {name: value for name, value in row.items() if name not in KEPT}
    waiting = len(new) + sum(each.status == Status.QUEUED.value for each in kept)
    values |= {"open_count": open_count(after, waiting), "used_ids": used_ids + len(new)}
    it = (batches.c.account_id == after.account_id, batches.c.id == after.id)
    forget_words(tx, [after.id])
    tx.run(update(batches).where(*it).values(**values))
    learn_words(tx, [after.id])
    add_messages(tx, [Fresh(after, new, [quotes[msisdn] for msisdn in new], used_ids)])
    queued = [row for row in kept if row.status == Status.QUEUED.value]
    refuse_kept(tx, [(row.id, quotes[row.msisdn]) for row in queued], now_ms)
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


def batches_to_expand(tx: Tx, now_ms: int) -> list[tuple[str, str]]:
    """List batches whose groups are to be looked up, the oldest first: accounts and identifiers. Spans accounts."""
    due = select(batches.c.account_id, batches.c.id).where(has_groups_to_expand, batches.c.expand_at <= now_ms)
    rows = tx.rows(due.order_by(batches.c.expand_at).limit(EXPANDED_AT_ONCE))
    return [(account_id, batch_id) for account_id, batch_id in rows]


class Members(NamedTuple):
    """Who gets a message of a batch when its groups are looked up."""

    batch: Batch
    msisdns: Sequence[str]
    """Without those who have one anyway."""
    silent: set[tuple[str, str]]
    """Who of them opted out, by account and MSISDN."""
    terms: Terms


def members_of_due(tx: Tx, account_id: str, batch_id: str) -> Members | None:
    """Look up the groups of a batch that is due; None if that was done, or it was canceled."""
    batch = batch_by_id(tx, account_id, batch_id)
    if batch is None or batch.expand_at is None:
        return None
    mine = (messages.c.account_id == account_id, of_batch(batch_id))
    there = set(tx.column(select(messages.c.msisdn).where(*mine)))
    due = msgspec.structs.replace(batch, expand_at=None)
    msisdns = [msisdn for msisdn in everyone(tx, due) if msisdn not in there]
    return Members(due, msisdns, look_up(tx, [(due, msisdns)]), terms_of(tx, account_id))


class Expanded(NamedTuple):
    """What came of adding the members of a batch's groups."""

    fresh: Fresh
    """Their messages."""
    work: Work | None
    """What stores these; None if they are stored."""


def expand(tx: Tx, wanted: Fresh, caps: Caps, now_ms: int, holder: Holder) -> Expanded | None:
    """Store messages for the members of a batch's groups, or begin to; None if it changed since they were looked up.

    If the balance, or a cap, does not cover them, their messages are rejected. Raises UnderChange.
    """
    batch, new = wanted.batch, wanted.msisdns
    mine = (batches.c.account_id == batch.account_id, batches.c.id == batch.id)
    query = select(batches.c.used_ids, batches.c.open_count, batches.c.modified_at).where(*mine, has_groups_to_expand)
    row = tx.first(query.with_for_update())
    if row is None or row[2] != to_ms(batch.modified_at):
        return None
    used_ids, waiting, _ = row
    require_free(tx, batch.id)
    tx.run(
        update(batches)
        .where(*mine)
        .values(
            expand_at=None,
            recipient_count=batch.recipient_count + len(new),
            used_ids=used_ids + len(new),
            open_count=None if waiting is None else waiting - 1 + len(new),
            **_with_fields(tx, batch),
        )
    )
    paid = charge(tx, [wanted.bill_within(caps)], now_ms) == [True]
    wanted = (wanted if paid else wanted.for_nothing)._replace(used_ids=used_ids)
    if len(new) > MADE_AT_ONCE:
        kind = WorkKind.FILL if paid else WorkKind.FILL_UNPAID
        return Expanded(wanted, begin(tx, holder, kind, *wanted.bill[:3]))
    add_messages(tx, [wanted])
    if not paid:
        reject_unpaid(tx, wanted)
    if not new:
        settle_if_empty(tx, [batch.id], now_ms)
    return Expanded(wanted, None)


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
