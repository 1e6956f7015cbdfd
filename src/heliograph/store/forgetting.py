"""Taking texts away, and deleting messages: what a customer wants to be kept no longer."""

from __future__ import annotations

import msgspec
from sqlalchemy import delete, exists, select, update

from heliograph.domain.errors import NotFinished, OneOfMany
from heliograph.domain.statuses import OPEN, Status
from heliograph.store.batches import batch_by_id
from heliograph.store.messages import of_batch
from heliograph.store.schema import attempts, batches, inbound, messages
from heliograph.store.tx import Tx

_UNFINISHED = {status.value for status in OPEN - {Status.SENT}}


def redact_message(tx: Tx, account_id: str, message_id: str) -> bool:
    """Takes the text of a message away. False: there is no such message; NotFinished; OneOfMany."""
    batch_id = _finished(tx, account_id, message_id)
    if batch_id is None:
        return False
    others = select(messages.c.id).where(of_batch(batch_id), messages.c.id != message_id).limit(1)
    if tx.first(others) is not None:
        raise OneOfMany()
    mine = (batches.c.account_id == account_id, batches.c.id == batch_id)
    tx.run(update(batches).where(*mine).values(body="", parameters=None, fingerprint=None))
    return True


def delete_message(tx: Tx, account_id: str, message_id: str) -> bool:
    """With its batch, if it was the only one. The ledger keeps what it cost. False: there is no such message;
    NotFinished."""
    batch_id = _finished(tx, account_id, message_id)
    if batch_id is None:
        return False
    tx.run(delete(attempts).where(attempts.c.message_id == message_id))
    tx.run(delete(messages).where(messages.c.account_id == account_id, messages.c.id == message_id))
    left = exists(select(messages.c.id).where(of_batch(batch_id)))
    tx.run(delete(batches).where(batches.c.account_id == account_id, batches.c.id == batch_id, ~left))
    return True


def _finished(tx: Tx, account_id: str, message_id: str) -> str | None:
    """The batch of a message that a provider has, or that has ended. NotFinished."""
    row = tx.first(
        select(messages.c.batch_id, messages.c.status)
        .where(messages.c.account_id == account_id, messages.c.id == message_id)
        .with_for_update()
    )
    if row is None:
        return None
    if row[1] in _UNFINISHED:
        raise NotFinished()
    batch_id: str = row[0]
    return batch_id


def redact_inbound(tx: Tx, account_id: str, inbound_id: str) -> bool:
    """Takes the text of an inbound message away. False: there is no such message."""
    mine = (inbound.c.account_id == account_id, inbound.c.id == inbound_id)
    return bool(tx.run(update(inbound).where(*mine).values(body="", udh="")))


def delete_inbound(tx: Tx, account_id: str, inbound_id: str) -> bool:
    """False: there is no such message."""
    return bool(tx.run(delete(inbound).where(inbound.c.account_id == account_id, inbound.c.id == inbound_id)))


def forget_medium(tx: Tx, account_id: str, message_id: str, place: int) -> bool:
    """Takes the nth link away from a message's text and options. False: there is no such message; OneOfMany."""
    batch_id = _finished(tx, account_id, message_id)
    batch = None if batch_id is None else batch_by_id(tx, account_id, batch_id)
    if batch is None or batch.recipient_count > 1 or place >= len(batch.options.media):
        if batch is not None and batch.recipient_count > 1:
            raise OneOfMany()
        return False
    media = batch.options.media
    gone = media[place]
    options = msgspec.structs.replace(batch.options, media=[*media[:place], *media[place + 1 :]])
    lines = batch.body.split("\n")
    lines.reverse()
    if gone in lines:
        lines.remove(gone)
    values = {"body": "\n".join(reversed(lines)), "options": msgspec.json.encode(options).decode()}
    tx.run(update(batches).where(batches.c.account_id == account_id, batches.c.id == batch.id).values(**values))
    return True
