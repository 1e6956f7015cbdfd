"""The sandbox operator's simulated phones and the messages on them. No account's API reads this."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, exists, func, select

from heliograph.domain.phones import PhoneMessage
from heliograph.domain.statuses import Status
from heliograph.store.schema import is_queued, is_sending, messages, phone_messages
from heliograph.store.tx import Tx, columns

_COLUMNS = columns(PhoneMessage, phone_messages)
_RECENT = 2_000
"""How many of the newest messages the list of phones is made from, so that it costs the same on a store of any size."""


def put_on_phones(tx: Tx, chunks: Sequence[Sequence[PhoneMessage]]) -> list[int]:
    """Store messages on phones, and return how many each chunk had."""
    tx.insert(phone_messages, [shown for chunk in chunks for shown in chunk])
    return [len(chunk) for chunk in chunks]


def phones(
    tx: Tx, limit: int, account_id: str | None, *, words: str = "", before: str | None = None
) -> list[tuple[PhoneMessage, int]]:
    """List recently used phones by their latest message, newest first, with how many recent messages each has.

    Only those with `words` in their number or in a message, and only those whose latest message is older than `before`.
    `account_id` None: of all accounts, for the operator's own pages.
    """
    recent = select(phone_messages.c.id, phone_messages.c.msisdn)
    if account_id is not None:
        recent = recent.where(phone_messages.c.account_id == account_id)
    if words:
        within = phone_messages.c.msisdn.contains(words, autoescape=True)
        recent = recent.where(within | func.lower(phone_messages.c.body).contains(words.lower(), autoescape=True))
    if before is not None:
        newer = phone_messages.alias()
        later = select(newer.c.id).where(newer.c.msisdn == phone_messages.c.msisdn, newer.c.id >= before)
        if account_id is not None:
            later = later.where(newer.c.account_id == account_id)
        recent = recent.where(phone_messages.c.id < before, ~exists(later))
    latest = recent.order_by(phone_messages.c.id.desc()).limit(_RECENT).subquery()
    counts = tx.pairs(
        select(func.max(latest.c.id).label("top"), func.count().label("count"))
        .group_by(latest.c.msisdn)
        .order_by(func.max(latest.c.id).desc())
        .limit(limit)
    )
    query = select(*_COLUMNS).where(tx.among(phone_messages.c.id, counts)).order_by(phone_messages.c.id.desc())
    return [(latest, counts[latest.id]) for latest in tx.all(PhoneMessage, query)]


def messages_on(
    tx: Tx,
    msisdn: str,
    *,
    limit: int,
    after: str | None = None,
    direction: str | None = None,
    peer: str | None = None,
    account_id: str | None = None,
) -> list[PhoneMessage]:
    """List the newest messages of a phone, newest first; only those after the message `after`.

    `account_id` None: of all accounts, for the operator's own pages.
    """
    query = select(*_COLUMNS).where(phone_messages.c.msisdn == msisdn)
    if account_id is not None:
        query = query.where(phone_messages.c.account_id == account_id)
    if after is not None:
        query = query.where(phone_messages.c.id > after)
    if direction is not None:
        query = query.where(phone_messages.c.direction == direction)
    if peer is not None:
        query = query.where(phone_messages.c.peer == peer)
    return tx.all(PhoneMessage, query.order_by(phone_messages.c.id.desc()).limit(limit))


def on_its_way(tx: Tx, account_id: str | None, msisdn: str, after: str, now_ms: int) -> set[str]:
    """Find messages to a number, accepted after the message `after`, that no provider is known to have taken.

    Those that wait for their time, or because they are paused, are left out. Spans accounts for the operator.
    """
    query = select(messages.c.id).where(
        messages.c.msisdn == msisdn,
        messages.c.id > after,
        is_sending | (is_queued & (messages.c.due_at <= now_ms) & messages.c.set_aside.is_(None)),
    )
    if account_id is not None:
        query = query.where(messages.c.account_id == account_id)
    return set(tx.column(query))


def clear_phones(tx: Tx, account_id: str | None, msisdn: str | None = None) -> int:
    """Delete an account's messages from a phone, or from all, and count them; with None, those of all accounts.

    A receipt that a killed process still owed for one of them never comes.
    """
    query = delete(phone_messages)
    if account_id is not None:
        query = query.where(phone_messages.c.account_id == account_id)
    if msisdn is not None:
        query = query.where(phone_messages.c.msisdn == msisdn)
    return tx.run(query)


def unreported(tx: Tx, *, after: str, limit: int) -> list[PhoneMessage]:
    """List received messages, oldest first, whose receipt has not reached the messages table.

    For the operator's restart. Spans accounts.
    """
    return tx.all(
        PhoneMessage,
        select(*_COLUMNS)
        .join(messages, messages.c.id == phone_messages.c.message_id)
        .where(
            phone_messages.c.id > after,
            tx.among(messages.c.status, [Status.SENDING.value, Status.SENT.value, Status.UNKNOWN.value]),
            messages.c.provider_ref == phone_messages.c.provider_ref,
        )
        .order_by(phone_messages.c.id)
        .limit(limit),
    )


def received_twice(tx: Tx, account_id: str) -> tuple[int, int]:
    """Count the messages that phones have received, and the copies among them."""
    received = select(phone_messages.c.message_id, func.count().label("times")).where(
        phone_messages.c.account_id == account_id, phone_messages.c.direction == "received"
    )
    by_message = received.group_by(phone_messages.c.message_id).subquery()
    row = tx.first(select(func.coalesce(func.sum(by_message.c.times), 0), func.count()).select_from(by_message))
    received_in_all, messages_received = (0, 0) if row is None else map(int, row)
    return received_in_all, received_in_all - messages_received
