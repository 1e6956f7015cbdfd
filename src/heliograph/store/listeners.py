"""Who is told of events that are not about an account's requests: the account, its clients, its applications."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select

from heliograph.domain.callbacks import NATIVE, TOGETHER, EventKind, Listener, callback_key, session_sink
from heliograph.store.accounts import listening_protocols
from heliograph.store.outbox import NewEvent, add_events
from heliograph.store.schema import accounts, applications
from heliograph.store.tx import Tx

_decode = msgspec.json.Decoder(dict[str, Listener]).decode


def listeners_of(tx: Tx, account_id: str, kind: EventKind, channel: str, now_ms: int) -> list[Listener]:
    """List who is told of an event: the account's own address, then its connected clients, then its applications.

    Of the connected clients each protocol is there once. Protocols that know inbound messages only are told of no other
    event.
    """
    own = tx.first(select(accounts.c.callback_protocol, accounts.c.callback_url).where(accounts.c.id == account_id))
    protocol, url = own or (NATIVE, None)
    found: list[Listener] = []
    if url is not None and (kind is EventKind.INBOUND or protocol == NATIVE):
        found.append(Listener(protocol, url))
    if kind is EventKind.INBOUND:
        protocols = listening_protocols(tx, account_id, now_ms)
        found += [Listener(each, session_sink(each)) for each in protocols]
    callbacks = tx.column(
        select(applications.c.callbacks)
        .where(applications.c.account_id == account_id, applications.c.callbacks.is_not(None))
        .order_by(applications.c.number)
    )
    key = callback_key(kind, channel)
    found += [listener for each in callbacks if (listener := _decode(each).get(key)) is not None]
    return list(dict.fromkeys(found))


def tell(tx: Tx, account_id: str, kind: EventKind, channel: str, subjects: Sequence[str], now_ms: int) -> bool:
    """Write the events for all listeners, many subjects in one, and say whether there is anybody to be told."""
    listeners = listeners_of(tx, account_id, kind, channel, now_ms)
    for listener in listeners:
        tell_one(tx, account_id, kind, subjects, listener, now_ms)
    return bool(listeners)


def tell_one(
    tx: Tx, account_id: str, kind: EventKind, subjects: Sequence[str], listener: Listener, now_ms: int
) -> None:
    """Write the events for one listener, at most `TOGETHER` subjects in one."""
    told: list[NewEvent] = []
    for start in range(0, len(subjects), TOGETHER):
        several = subjects[start : start + TOGETHER]
        facts = msgspec.json.encode(several).decode() if kind in _SEVERAL else None
        told.append(NewEvent(account_id, listener.protocol, listener.sink, kind, several[0], facts))
    add_events(tx, told, now_ms)


_SEVERAL = {EventKind.OPTED_OUT, EventKind.LINK_HIT, EventKind.ATTACHMENT_HIT, EventKind.LOOKED_UP}
