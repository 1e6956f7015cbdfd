"""How often each key is connected, by the process that counts: what one process counts, the others have to know.

A row is what one process has of one key, and when it last said so. A process that has not said anything for a while is
dead, and its rows count no more.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, func, or_, select, update

from heliograph.store.schema import connected_keys
from heliograph.store.tx import Row, Tx, columns


class _Connected(Row, frozen=True):
    credential_id: str
    holder: str
    connections: int
    seen_at: int


_COLUMNS = columns(_Connected, connected_keys)


def take_place(tx: Tx, credential_id: str, holder: str, most: int, now_ms: int, alive_since: int) -> bool:
    """Count one more connection of a key; False if there are `most` of them already, in all processes together."""
    tx.take_turns_about(f"connected_keys {credential_id}")
    count = func.coalesce(func.sum(connected_keys.c.connections), 0)
    alive = or_(connected_keys.c.seen_at >= alive_since, connected_keys.c.holder == holder)
    if tx.value(select(count).where(connected_keys.c.credential_id == credential_id, alive)) >= most:
        return False
    mine = (connected_keys.c.credential_id == credential_id, connected_keys.c.holder == holder)
    more = {"connections": connected_keys.c.connections + 1, "seen_at": now_ms}
    if not tx.run(update(connected_keys).where(*mine).values(**more)):
        tx.insert(connected_keys, [_Connected(credential_id, holder, 1, now_ms)])
    return True


def say_places(tx: Tx, holder: str, counts: Mapping[str, int], now_ms: int, alive_since: int) -> None:
    """Say how often each key is connected to a process, and forget what dead processes said."""
    mine = connected_keys.c.holder == holder
    said = {each.credential_id: each.connections for each in tx.all(_Connected, select(*_COLUMNS).where(mine))}
    if said == counts:
        tx.run(update(connected_keys).where(mine).values(seen_at=now_ms))
    else:
        tx.run(delete(connected_keys).where(mine))
        tx.insert(connected_keys, [_Connected(key, holder, count, now_ms) for key, count in counts.items()])
    tx.run(delete(connected_keys).where(connected_keys.c.seen_at < alive_since))
