"""Inbound messages in the store."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Select, delete, func, select

from heliograph.domain.accounts import Account
from heliograph.domain.batches import BodyKind
from heliograph.domain.callbacks import EventKind
from heliograph.domain.filters import InboundFilter
from heliograph.domain.ids import earliest_at
from heliograph.domain.inbound import Inbound
from heliograph.domain.instants import from_ms, maybe_instant, maybe_ms, to_ms
from heliograph.domain.optouts import Consent, OptOutSource
from heliograph.domain.rents import Rent
from heliograph.store.batches import NewBatch, accept
from heliograph.store.conversations import note_heard
from heliograph.store.groups import follow_keywords
from heliograph.store.ledger import take
from heliograph.store.listeners import tell
from heliograph.store.optouts import add_optouts
from heliograph.store.outbox import NewEvent, add_events
from heliograph.store.schema import inbound, optouts
from heliograph.store.tx import Row, Tx, columns


class _InboundRow(Row, frozen=True):
    """A row of an inbound message. Instants are milliseconds since 1970."""

    id: str
    account_id: str
    kind: str
    msisdn: str
    recipient: str
    body: str
    udh: str
    provider: str
    provider_ref: str | None
    keyword: str | None
    received_at: int
    sent_at: int | None
    operator: str | None
    provider_facts: str | None
    channel: str
    price: int
    rent_id: str | None
    missing_parts: int


_COLUMNS = columns(_InboundRow, inbound)


def _row(message: Inbound) -> _InboundRow:
    return _InboundRow(
        id=message.id,
        account_id=message.account_id,
        kind=message.kind.value,
        msisdn=message.msisdn,
        recipient=message.to,
        body=message.body,
        udh=message.udh,
        provider=message.provider,
        provider_ref=message.provider_ref,
        keyword=message.keyword,
        received_at=to_ms(message.received_at),
        sent_at=maybe_ms(message.sent_at),
        operator=message.operator,
        provider_facts=message.provider_facts,
        channel=message.channel,
        price=message.price,
        rent_id=message.rent_id,
        missing_parts=message.missing_parts,
    )


def _inbound(row: _InboundRow) -> Inbound:
    return Inbound(
        id=row.id,
        account_id=row.account_id,
        kind=BodyKind(row.kind),
        msisdn=row.msisdn,
        to=row.recipient,
        body=row.body,
        udh=row.udh,
        provider=row.provider,
        provider_ref=row.provider_ref,
        keyword=row.keyword,
        received_at=from_ms(row.received_at),
        sent_at=maybe_instant(row.sent_at),
        operator=row.operator,
        provider_facts=row.provider_facts,
        channel=row.channel,
        price=row.price,
        rent_id=row.rent_id,
        missing_parts=row.missing_parts,
    )


def add_inbound(
    tx: Tx,
    account: Account,
    message: Inbound,
    consent: Consent,
    now_ms: int,
    rent: Rent | None = None,
    answer: NewBatch | None = None,
) -> bool:
    """Store an inbound message with all that follows from it, and return True; False if it was known.

    What follows are consent, groups, the conversation, its price, and the callback. A provider that repeats a message
    (same provider, same reference) changes nothing. `rent` is that of the number that it was written to, if that is
    rented. The `answer` is sent if the account can pay for it; the confirmation of an opt-out only if there was none
    before.
    """
    if rent is not None:
        message = msgspec.structs.replace(message, rent_id=rent.id, price=rent.terms.inbound_price)
    if not tx.insert(inbound, [_row(message)], skip_existing=True):
        return False
    if consent is Consent.WITHDRAWN and not add_optouts(tx, account.id, [message.msisdn], OptOutSource.INBOUND, now_ms):
        answer = None
    elif consent is Consent.GIVEN:
        tx.run(delete(optouts).where(optouts.c.account_id == account.id, optouts.c.msisdn == message.msisdn))
    if answer is not None:
        accept(tx, [answer])
    if message.kind is BodyKind.TEXT and message.is_from_a_phone:
        follow_keywords(tx, account.id, message)
    if message.msisdn:
        note_heard(tx, message)
    if message.price:
        take(tx, account.id, message.id, message.price, now_ms)
    if rent is not None and rent.callback_url is not None:
        add_events(tx, [NewEvent(account.id, rent.protocol, rent.callback_url, EventKind.INBOUND, message.id)], now_ms)
        return True
    tell(tx, account.id, EventKind.INBOUND, message.channel, [message.id], now_ms)
    return True


def inbound_by_id(tx: Tx, account_id: str, inbound_id: str) -> Inbound | None:
    row = tx.one(_InboundRow, select(*_COLUMNS).where(inbound.c.account_id == account_id, inbound.c.id == inbound_id))
    return None if row is None else _inbound(row)


def inbound_of(
    tx: Tx,
    account_id: str,
    wanted: InboundFilter,
    *,
    limit: int,
    offset: int = 0,
    before: str | None = None,
    after: str | None = None,
) -> list[Inbound]:
    """List a page of inbound messages, newest first.

    It begins after `offset` messages, or has what is older than the message `before`, or what is next newer than
    `after`.
    """
    if after is not None:
        newer = _filtered(tx, select(*_COLUMNS), account_id, wanted).where(inbound.c.id > after)
        return [_inbound(row) for row in reversed(tx.all(_InboundRow, newer.order_by(inbound.c.id).limit(limit)))]
    query = (
        _filtered(tx, select(*_COLUMNS), account_id, wanted).order_by(inbound.c.id.desc()).limit(limit).offset(offset)
    )
    if before is not None:
        query = query.where(inbound.c.id < before)
    return [_inbound(row) for row in tx.all(_InboundRow, query)]


def count_inbound(tx: Tx, account_id: str, wanted: InboundFilter) -> int:
    return int(tx.value(_filtered(tx, select(func.count()), account_id, wanted)))


def page_of_inbound(
    tx: Tx, account_id: str, wanted: InboundFilter, *, limit: int, offset: int
) -> tuple[list[Inbound], int]:
    """Return a page of inbound messages, newest first, and how many match on all pages, both of one moment."""
    return inbound_of(tx, account_id, wanted, limit=limit, offset=offset), count_inbound(tx, account_id, wanted)


def _filtered(tx: Tx, query: Select[Any], account_id: str, wanted: InboundFilter) -> Select[Any]:
    query = query.where(inbound.c.account_id == account_id)
    if wanted.to:
        query = query.where(tx.one_or_among(inbound.c.recipient, wanted.to))
    if wanted.msisdns:
        query = query.where(tx.one_or_among(inbound.c.msisdn, wanted.msisdns))
    if wanted.rent_id is not None:
        query = query.where(inbound.c.rent_id == wanted.rent_id)
    if wanted.since is not None:
        query = query.where(inbound.c.id >= earliest_at(to_ms(wanted.since)))
    if wanted.until is not None:
        query = query.where(inbound.c.id < earliest_at(to_ms(wanted.until)))
    return query
