"""Deleting texts and messages that a customer wants to be kept no longer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import and_, delete, exists, or_, select, update

from heliograph.domain.batches import USUAL, Options
from heliograph.domain.errors import NotFinished, OneOfMany
from heliograph.domain.statuses import OPEN, Status
from heliograph.store.batches import batch_by_id
from heliograph.store.indexing import forget_words, learn_words
from heliograph.store.messages import of_batch
from heliograph.store.schema import attempts, batches, conversation_notes, conversations, inbound, messages
from heliograph.store.tx import Tx

is_unfinished = or_(
    messages.c.status.in_(sorted(status.value for status in OPEN - {Status.SENT})),
    and_(messages.c.status == Status.SENT.value, messages.c.plan.is_not(None)),
)
"""That a message is yet to be sent, or may yet go by another channel."""


def redact_message(tx: Tx, account_id: str, message_id: str, now_ms: int) -> bool:
    """Delete the text of a message, and return True; False if there is no such message.

    Raises NotFinished if it is still on its way, OneOfMany if the text is that of other messages, too. A message that a
    provider has and nobody has reported on goes to no other provider any more: its validity ends now.
    """
    finished = _finished(tx, account_id, [message_id]).get(message_id)
    if finished is None:
        return False
    batch_id = finished.batch_id
    others = select(messages.c.id).where(messages.c.account_id == account_id, of_batch(batch_id))
    if tx.first(others.where(messages.c.id != message_id).limit(1)) is not None:
        raise OneOfMany()
    mine = (batches.c.account_id == account_id, batches.c.id == batch_id)
    values = {"body": "", "parameters": None, "fields": None, "fingerprint": None}
    batch = batch_by_id(tx, account_id, batch_id)
    if batch is not None and batch.options != USUAL:
        values["options"] = msgspec.json.encode(without_texts(batch.options)).decode()
    forget_words(tx, [batch_id])
    tx.run(update(batches).where(*mine).values(**values))
    sent = (messages.c.id == message_id, messages.c.status == Status.SENT.value)
    tx.run(update(messages).where(messages.c.account_id == account_id, *sent).values(expire_at=now_ms))
    return True


def without_texts(options: Options) -> Options:
    """Remove the texts of fallbacks but keep as many: the message may have gone by one of them."""
    empty = tuple(msgspec.structs.replace(each, body="", rich_media=None) for each in options.fallbacks)
    return msgspec.structs.replace(options, fallbacks=empty, rich_media=None, smpp_parameters=())


def delete_message(tx: Tx, account_id: str, message_id: str) -> bool:
    """Delete a message, with its batch if that has no other, and return True; False if there is no such message.

    The ledger keeps what it cost. A batch whose end is called back waits for it no more. Raises NotFinished.
    """
    return delete_messages(tx, account_id, [message_id]) == 1


def delete_messages(tx: Tx, account_id: str, ids: Sequence[str]) -> int:
    """Delete messages as `delete_message` does, and return how many of them there were.

    Raises NotFinished if one of them may not be deleted yet: then none is.
    """
    found = _finished(tx, account_id, ids)
    awaited = Counter(each.batch_id for each in found.values() if each.is_awaited)
    for count in set(awaited.values()):
        waiting = tx.among(batches.c.id, [batch_id for batch_id, its in awaited.items() if its == count])
        mine = (batches.c.account_id == account_id, waiting, batches.c.open_count.is_not(None))
        tx.run(update(batches).where(*mine).values(open_count=batches.c.open_count - count))
    tx.run(delete(attempts).where(tx.among(attempts.c.message_id, list(found))))
    tx.run(delete(messages).where(messages.c.account_id == account_id, tx.among(messages.c.id, list(found))))
    # The messages of a batch follow it in the order of identifiers, and nothing else comes between them.
    behind = (messages.c.account_id == batches.c.account_id, messages.c.id > batches.c.id)
    following = select(messages.c.batch_id).where(*behind).order_by(messages.c.id).limit(1)
    is_empty = following.correlate(batches).scalar_subquery().is_distinct_from(batches.c.id)
    named = tx.among(batches.c.id, sorted({each.batch_id for each in found.values()}))
    gone = tx.column(select(batches.c.id).where(batches.c.account_id == account_id, named, is_empty))
    if gone:
        forget_words(tx, gone)
        tx.run(delete(batches).where(batches.c.account_id == account_id, tx.among(batches.c.id, gone), is_empty))
    return len(found)


class _Finished(NamedTuple):
    """A message that may be deleted."""

    batch_id: str
    is_awaited: bool
    """A provider has it, and nobody has reported on it."""


def _finished(tx: Tx, account_id: str, ids: Sequence[str]) -> dict[str, _Finished]:
    """Lock messages that a provider has, or that have ended, and return them; there may be fewer than are asked for.

    Raises NotFinished, also for a message that may yet go by another channel.
    """
    rows = tx.rows(
        select(messages.c.id, messages.c.batch_id, messages.c.status, is_unfinished.label("is_unfinished"))
        .where(messages.c.account_id == account_id, tx.among(messages.c.id, ids))
        .order_by(messages.c.id)
        .with_for_update()
    )
    if any(row[3] for row in rows):
        raise NotFinished()
    return {row[0]: _Finished(row[1], row[2] == Status.SENT.value) for row in rows}


class Exchanged(NamedTuple):
    """The messages of a conversation."""

    sent: Sequence[str]
    received: Sequence[str]


def exchanged_with(tx: Tx, account_id: str, msisdn: str) -> Exchanged:
    """List the messages of an account to a number, and from it. Raises NotFinished if one of them may not be deleted
    yet."""
    sent = tx.rows(
        select(messages.c.id, is_unfinished.label("is_unfinished")).where(
            messages.c.account_id == account_id, messages.c.msisdn == msisdn
        )
    )
    if any(row[1] for row in sent):
        raise NotFinished("A message of this conversation is still on its way.")
    received = select(inbound.c.id).where(inbound.c.account_id == account_id, inbound.c.msisdn == msisdn)
    return Exchanged([row[0] for row in sent], tx.column(received))


def delete_received(tx: Tx, account_id: str, ids: Sequence[str]) -> int:
    """Delete inbound messages, and return how many of them there were; what their conversation shows stays."""
    return tx.run(delete(inbound).where(inbound.c.account_id == account_id, tx.among(inbound.c.id, ids)))


def delete_if_empty(tx: Tx, account_id: str, conversation_id: str) -> int:
    """Delete a conversation in which nothing is received any more, with its notes, and return 1; 0 if something is, or
    if there is none."""
    written = exists(
        select(inbound.c.id).where(inbound.c.account_id == account_id, inbound.c.msisdn == conversations.c.msisdn)
    )
    mine = (conversations.c.account_id == account_id, conversations.c.id == conversation_id)
    msisdn = tx.value(select(conversations.c.msisdn).where(*mine))
    deleted = tx.run(delete(conversations).where(*mine, ~written))
    if deleted:
        about = (conversation_notes.c.account_id == account_id, conversation_notes.c.msisdn == msisdn)
        tx.run(delete(conversation_notes).where(*about))
    return deleted


def redact_inbound(tx: Tx, account_id: str, inbound_id: str) -> bool:
    """Delete the text of an inbound message; False if there is no such message."""
    _forget_last_text(tx, account_id, inbound_id)
    mine = (inbound.c.account_id == account_id, inbound.c.id == inbound_id)
    return bool(tx.run(update(inbound).where(*mine).values(body="", udh="", provider_facts=None)))


def delete_inbound(tx: Tx, account_id: str, inbound_id: str) -> bool:
    """Delete an inbound message; False if there is no such message."""
    _forget_last_text(tx, account_id, inbound_id)
    return bool(tx.run(delete(inbound).where(inbound.c.account_id == account_id, inbound.c.id == inbound_id)))


def _forget_last_text(tx: Tx, account_id: str, inbound_id: str) -> None:
    """Delete the text that the conversation shows as its last, if it is this message's."""
    row = tx.first(
        select(inbound.c.msisdn, inbound.c.body).where(inbound.c.account_id == account_id, inbound.c.id == inbound_id)
    )
    if row is None:
        return
    msisdn, body = row
    mine = (conversations.c.account_id == account_id, conversations.c.msisdn == msisdn)
    tx.run(update(conversations).where(*mine, conversations.c.last_text == body).values(last_text=""))


def forget_medium(tx: Tx, account_id: str, message_id: str, place: int) -> bool:
    """Delete the nth link from a message's text and options; the others keep their places.

    Returns False if there is no such message or link. Raises OneOfMany or NotFinished.
    """
    finished = _finished(tx, account_id, [message_id]).get(message_id)
    batch = None if finished is None else batch_by_id(tx, account_id, finished.batch_id)
    if batch is None or batch.recipient_count > 1 or place >= len(batch.options.media):
        if batch is not None and batch.recipient_count > 1:
            raise OneOfMany()
        return False
    media = batch.options.media
    if not (gone := media[place]):
        return False
    options = msgspec.structs.replace(batch.options, media=(*media[:place], "", *media[place + 1 :]))
    lines = batch.body.split("\n")
    lines.reverse()
    if gone in lines:
        lines.remove(gone)
    values = {"body": "\n".join(reversed(lines)), "options": msgspec.json.encode(options).decode()}
    forget_words(tx, [batch.id])
    tx.run(update(batches).where(batches.c.account_id == account_id, batches.c.id == batch.id).values(**values))
    learn_words(tx, [batch.id])
    return True
