"""Deleting texts and messages that a customer wants to be kept no longer."""

from __future__ import annotations

import msgspec
from sqlalchemy import delete, exists, select, update

from heliograph.domain.batches import USUAL, Options
from heliograph.domain.errors import NotFinished, OneOfMany
from heliograph.domain.statuses import OPEN, Status
from heliograph.store.batches import batch_by_id
from heliograph.store.messages import of_batch
from heliograph.store.schema import attempts, batches, conversations, inbound, messages
from heliograph.store.tx import Tx

_UNFINISHED = {status.value for status in OPEN - {Status.SENT}}


def redact_message(tx: Tx, account_id: str, message_id: str, now_ms: int) -> bool:
    """Delete the text of a message, and return True; False if there is no such message.

    Raises NotFinished if it is still on its way, OneOfMany if the text is that of other messages, too. A message that a
    provider has and nobody has reported on goes to no other provider any more: its validity ends now.
    """
    batch_id = _finished(tx, account_id, message_id)
    if batch_id is None:
        return False
    others = select(messages.c.id).where(messages.c.account_id == account_id, of_batch(batch_id))
    if tx.first(others.where(messages.c.id != message_id).limit(1)) is not None:
        raise OneOfMany()
    mine = (batches.c.account_id == account_id, batches.c.id == batch_id)
    values = {"body": "", "parameters": None, "fields": None, "fingerprint": None}
    batch = batch_by_id(tx, account_id, batch_id)
    if batch is not None and batch.options != USUAL:
        values["options"] = msgspec.json.encode(without_texts(batch.options)).decode()
    tx.run(update(batches).where(*mine).values(**values))
    sent = (messages.c.id == message_id, messages.c.status == Status.SENT.value)
    tx.run(update(messages).where(messages.c.account_id == account_id, *sent).values(expire_at=now_ms))
    return True


def without_texts(options: Options) -> Options:
    """Remove the texts of fallbacks but keep as many: the message may have gone by one of them."""
    empty = tuple(msgspec.structs.replace(each, body="", rich_media=None) for each in options.fallbacks)
    return msgspec.structs.replace(options, fallbacks=empty, rich_media=None)


def delete_message(tx: Tx, account_id: str, message_id: str) -> bool:
    """Delete a message, with its batch if that has no other, and return True; False if there is no such message.

    The ledger keeps what it cost. A batch whose end is called back waits for it no more. Raises NotFinished.
    """
    batch_id = _finished(tx, account_id, message_id)
    if batch_id is None:
        return False
    sent = (messages.c.id == message_id, messages.c.status == Status.SENT.value)
    awaited = exists(select(messages.c.id).where(messages.c.account_id == account_id, *sent))
    counts = (batches.c.account_id == account_id, batches.c.id == batch_id, batches.c.open_count.is_not(None))
    tx.run(update(batches).where(*counts, awaited).values(open_count=batches.c.open_count - 1))
    tx.run(delete(attempts).where(attempts.c.message_id == message_id))
    tx.run(delete(messages).where(messages.c.account_id == account_id, messages.c.id == message_id))
    left = exists(select(messages.c.id).where(of_batch(batch_id)))
    tx.run(delete(batches).where(batches.c.account_id == account_id, batches.c.id == batch_id, ~left))
    return True


def _finished(tx: Tx, account_id: str, message_id: str) -> str | None:
    """Return the batch of a message that a provider has, or that has ended; None if there is no such message.

    Raises NotFinished, also for a message that may yet go by another channel.
    """
    row = tx.first(
        select(messages.c.batch_id, messages.c.status, messages.c.plan)
        .where(messages.c.account_id == account_id, messages.c.id == message_id)
        .with_for_update()
    )
    if row is None:
        return None
    batch_id: str
    batch_id, status, plan = row
    if status in _UNFINISHED or (status == Status.SENT and plan is not None):
        raise NotFinished()
    return batch_id


def redact_inbound(tx: Tx, account_id: str, inbound_id: str) -> bool:
    """Delete the text of an inbound message; False if there is no such message."""
    _forget_last_text(tx, account_id, inbound_id)
    mine = (inbound.c.account_id == account_id, inbound.c.id == inbound_id)
    return bool(tx.run(update(inbound).where(*mine).values(body="", udh="")))


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
    batch_id = _finished(tx, account_id, message_id)
    batch = None if batch_id is None else batch_by_id(tx, account_id, batch_id)
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
    tx.run(update(batches).where(batches.c.account_id == account_id, batches.c.id == batch.id).values(**values))
    return True
