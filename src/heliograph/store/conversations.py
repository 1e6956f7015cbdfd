"""Conversations in the store."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import Select, delete, func, or_, select, update

from heliograph.domain.batches import BodyKind
from heliograph.domain.conversations import EVERY_ONE, Conversation, ConversationFilter, LastInbound, Note, Place
from heliograph.domain.ids import new_id
from heliograph.domain.inbound import Inbound
from heliograph.domain.instants import from_ms, maybe_instant, to_ms
from heliograph.store.schema import conversation_notes, conversations, is_assigned, is_open_talk, is_unread, people
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
    assignee_id: str | None
    assignee: str | None
    closed_at: int | None


class _NewConversation(Row, frozen=True):
    id: str
    account_id: str
    msisdn: str
    unread: int
    last_text: str
    last_at: int
    heard: str


class NoteRow(Row, frozen=True):
    """A row of a note. Instants are milliseconds since 1970."""

    id: str
    account_id: str
    msisdn: str
    author: str
    body: str
    at: int


_NOTES = select(*columns(NoteRow, conversation_notes))


def note_heard(tx: Tx, message: Inbound) -> None:
    """Add an inbound message to its conversation, which it may begin."""
    mine = (conversations.c.account_id == message.account_id, conversations.c.msisdn == message.msisdn)
    at = to_ms(message.received_at)
    fresh = _NewConversation(
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
            closed_at=None,
        )
    )


def _conversation(row: _ConversationRow) -> Conversation:
    values = msgspec.structs.asdict(row) | {
        "last_at": from_ms(row.last_at),
        "heard": _decode_heard(row.heard),
        "closed_at": maybe_instant(row.closed_at),
    }
    return Conversation(**values)


def _of(account_id: str) -> Select[*tuple[object, ...]]:
    """Select the conversations of an account, with who answers each."""
    found = columns(_ConversationRow, conversations, people, assignee=people.c.email)
    joined = conversations.outerjoin(people, people.c.id == conversations.c.assignee_id)
    return select(*found).select_from(joined).where(conversations.c.account_id == account_id)


def conversations_of(
    tx: Tx, account_id: str, wanted: ConversationFilter = EVERY_ONE, *, limit: int, before: Place | None = None
) -> list[Conversation]:
    """List a page of conversations, the one written to last first; only those that come after the place `before`."""
    query = _of(account_id)
    states = ((wanted.unread, is_unread), (wanted.assigned, is_assigned), (wanted.closed, ~is_open_talk))
    for asked, condition in states:
        if asked is not None:
            query = query.where(condition if asked else ~condition)
    if wanted.assignee_id is not None:
        query = query.where(conversations.c.assignee_id == wanted.assignee_id)
    if before is not None:
        at, same = conversations.c.last_at, conversations.c.last_at == before.at_ms
        query = query.where(at <= before.at_ms, or_(~same, conversations.c.id < before.id))
    page = query.order_by(conversations.c.last_at.desc(), conversations.c.id.desc()).limit(limit)
    return [_conversation(row) for row in tx.all(_ConversationRow, page)]


def conversation_by_id(tx: Tx, account_id: str, conversation_id: str) -> Conversation | None:
    row = tx.one(_ConversationRow, _of(account_id).where(conversations.c.id == conversation_id))
    return None if row is None else _conversation(row)


def mark_read(tx: Tx, account_id: str, conversation_id: str) -> int:
    """Mark a conversation as read, and return 1; 0 if there is no such conversation."""
    return _change(tx, account_id, conversation_id, unread=0)


def change_conversation(
    tx: Tx, account_id: str, conversation_id: str, values: dict[str, object], seen: str | UnsetType | None
) -> Conversation | None:
    """Set columns of a conversation, and return it as it is then; None if it is not there.

    With `seen`, nothing is changed if another person answers it by now: what is returned says who.
    """
    mine = (conversations.c.account_id == account_id, conversations.c.id == conversation_id)
    row = tx.first(select(conversations.c.assignee_id).where(*mine).with_for_update())
    if row is not None and values and (seen is UNSET or row[0] == seen):
        _change(tx, account_id, conversation_id, **values)
    return conversation_by_id(tx, account_id, conversation_id)


def _change(tx: Tx, account_id: str, conversation_id: str, **values: object) -> int:
    mine = (conversations.c.account_id == account_id, conversations.c.id == conversation_id)
    return tx.run(update(conversations).where(*mine).values(**values))


def add_note(tx: Tx, note: NoteRow, *, most: int) -> bool:
    """Store a note; False if the conversation has as many as it may."""
    of_it = (conversation_notes.c.account_id == note.account_id, conversation_notes.c.msisdn == note.msisdn)
    if tx.value(select(func.count()).select_from(conversation_notes).where(*of_it)) >= most:
        return False
    tx.insert(conversation_notes, [note])
    return True


def notes_of(tx: Tx, account_id: str, msisdn: str) -> list[Note]:
    """List what is noted about a number, oldest first."""
    of_it = (conversation_notes.c.account_id == account_id, conversation_notes.c.msisdn == msisdn)
    rows = tx.all(NoteRow, _NOTES.where(*of_it).order_by(conversation_notes.c.id))
    return [Note(id=row.id, author=row.author, text=row.body, at=from_ms(row.at)) for row in rows]


def delete_note(tx: Tx, account_id: str, msisdn: str, note_id: str) -> int:
    """Delete a note about a number, and return 1; 0 if there is none."""
    of_it = (conversation_notes.c.account_id == account_id, conversation_notes.c.msisdn == msisdn)
    return tx.run(delete(conversation_notes).where(*of_it, conversation_notes.c.id == note_id))
