"""Conversations in the store."""

from __future__ import annotations

import msgspec
from sqlalchemy import select, update

from heliograph.domain.batches import BodyKind
from heliograph.domain.conversations import Conversation, LastInbound
from heliograph.domain.ids import new_id
from heliograph.domain.inbound import Inbound
from heliograph.domain.instants import from_ms, to_ms
from heliograph.store.schema import conversations
from heliograph.store.tx import Row, Tx, columns

_decode_heard = msgspec.json.Decoder(dict[str, LastInbound]).decode


class _ConversationRow(Row, frozen=True):
    id: str
    account_id: str
    msisdn: str
    unread: int
    last_text: str
    last_at: int
    heard: str
    """The last message by each channel, as JSON."""


_COLUMNS = columns(_ConversationRow, conversations)


def note_heard(tx: Tx, message: Inbound) -> None:
    """Add an inbound message to its conversation, which it may begin."""
    mine = (conversations.c.account_id == message.account_id, conversations.c.msisdn == message.msisdn)
    at = to_ms(message.received_at)
    fresh = _ConversationRow(
        new_id(), message.account_id, message.msisdn, unread=0, last_text="", last_at=at, heard="{}"
    )
    tx.insert(conversations, [fresh], skip_existing=True)
    before = tx.value(select(conversations.c.heard).where(*mine).with_for_update())
    heard = _decode_heard(before) | {message.channel: LastInbound(at, message.to)}
    tx.run(
        update(conversations)
        .where(*mine)
        .values(
            unread=conversations.c.unread + 1,
            last_text=message.body if message.kind is BodyKind.TEXT else "",
            last_at=at,
            heard=msgspec.json.encode(heard).decode(),
        )
    )


def _conversation(row: _ConversationRow) -> Conversation:
    values = msgspec.structs.asdict(row) | {"last_at": from_ms(row.last_at), "heard": _decode_heard(row.heard)}
    return Conversation(**values)


def conversations_of(tx: Tx, account_id: str, *, limit: int, before_ms: int | None = None) -> list[Conversation]:
    """List a page of conversations, the one written to last first; only those last written to before `before_ms`."""
    query = select(*_COLUMNS).where(conversations.c.account_id == account_id)
    if before_ms is not None:
        query = query.where(conversations.c.last_at < before_ms)
    page = query.order_by(conversations.c.last_at.desc()).limit(limit)
    return [_conversation(row) for row in tx.all(_ConversationRow, page)]


def conversation_by_id(tx: Tx, account_id: str, conversation_id: str) -> Conversation | None:
    mine = (conversations.c.account_id == account_id, conversations.c.id == conversation_id)
    row = tx.one(_ConversationRow, select(*_COLUMNS).where(*mine))
    return None if row is None else _conversation(row)


def mark_read(tx: Tx, account_id: str, conversation_id: str) -> int:
    """Mark a conversation as read, and return 1; 0 if there is no such conversation."""
    mine = (conversations.c.account_id == account_id, conversations.c.id == conversation_id)
    return tx.run(update(conversations).where(*mine).values(unread=0))
