"""Requests that wait until they can be paid for, in the store."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlalchemy import delete, select, union_all

from heliograph.domain.batches import Draft
from heliograph.domain.instants import from_ms, to_ms
from heliograph.domain.parking import Parked
from heliograph.store.schema import batches, parked
from heliograph.store.tx import Row, Tx, columns


class _ParkedRow(Row, frozen=True):
    id: str
    account_id: str
    protocol: str
    draft: str
    """The draft as JSON."""
    created_at: int


_decode_draft = msgspec.json.Decoder(Draft).decode


def park(tx: Tx, waiting: Parked) -> None:
    draft = msgspec.json.encode(waiting.draft).decode()
    row = _ParkedRow(waiting.id, waiting.account_id, waiting.draft.protocol, draft, to_ms(waiting.created_at))
    tx.insert(parked, [row])


def unpark(tx: Tx, account_id: str, parked_id: str) -> bool:
    """Delete a parked request; False if it was deleted before."""
    return bool(tx.run(delete(parked).where(parked.c.account_id == account_id, parked.c.id == parked_id)))


def parked_by_ids(tx: Tx, account_id: str, parked_ids: Collection[str]) -> dict[str, Parked]:
    """Find parked requests by their identifiers."""
    mine = (parked.c.account_id == account_id, tx.among(parked.c.id, parked_ids))
    rows = tx.all(_ParkedRow, select(*columns(_ParkedRow, parked)).where(*mine))
    return {row.id: Parked(row.id, row.account_id, _decode_draft(row.draft), from_ms(row.created_at)) for row in rows}


def newest_of_door(tx: Tx, account_id: str, protocol: str, *, skip: int, limit: int) -> list[str]:
    """List the identifiers of batches and parked requests that came by a door, newest first."""
    newest = []
    for table in (batches, parked):
        of_door = select(table.c.id).where(table.c.account_id == account_id, table.c.protocol == protocol)
        newest.append(select(of_door.order_by(table.c.id.desc()).limit(skip + limit).subquery().c.id))
    either = union_all(*newest).subquery()
    return tx.column(select(either.c.id).order_by(either.c.id.desc()).offset(skip).limit(limit))
