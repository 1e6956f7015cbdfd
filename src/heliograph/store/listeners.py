"""Who is told of what is not about one of an account's requests: the account, its clients, and its applications."""

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
    """The account's own address comes first, then its connected clients, each protocol's once, then its applications.
    Protocols that know inbound messages only are told of no other."""
    own = tx.first(select(accounts.c.callback_protocol, accounts.c.callback_url).where(accounts.c.id == account_id))
    found: list[Listener] = []
    if own is not None and own[1] is not None and (kind is EventKind.INBOUND or own[0] == NATIVE):
        found.append(Listener(own[0], own[1]))
    if kind is EventKind.INBOUND:
        protocols = listening_protocols(tx, account_id, now_ms)
        found += [Listener(protocol, session_sink(protocol)) for protocol in protocols]
    rows = tx.rows(
        select(applications.c.callbacks)
        .where(applications.c.account_id == account_id, applications.c.callbacks.is_not(None))
        .order_by(applications.c.number)
    )
    key = callback_key(kind, channel)
    found += [listener for row in rows if (listener := _decode(row[0]).get(key)) is not None]
    return list(dict.fromkeys(found))


def tell(tx: Tx, account_id: str, kind: EventKind, channel: str, subjects: Sequence[str], now_ms: int) -> bool:
    """Writes the events, some hundred subjects in one; whether there is anybody to be told."""
    listeners = listeners_of(tx, account_id, kind, channel, now_ms)
    for listener in listeners:
        tell_one(tx, account_id, kind, subjects, listener, now_ms)
    return bool(listeners)


def tell_one(
    tx: Tx, account_id: str, kind: EventKind, subjects: Sequence[str], listener: Listener, now_ms: int
) -> None:
    """Writes the events for one listener."""
    told: list[NewEvent] = []
    for start in range(0, len(subjects), TOGETHER):
        several = subjects[start : start + TOGETHER]
        facts = msgspec.json.encode(several).decode() if kind in _SEVERAL else None
        told.append(NewEvent(account_id, listener.protocol, listener.sink, kind, several[0], facts))
    add_events(tx, told, now_ms)


_SEVERAL = {EventKind.OPTED_OUT, EventKind.LINK_HIT, EventKind.ATTACHMENT_HIT, EventKind.LOOKED_UP}
