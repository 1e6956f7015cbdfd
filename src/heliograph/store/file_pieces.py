"""Files in the store's own tables: a row that names each, and its pieces."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence

from sqlalchemy import delete, select, update

from heliograph.store.schema import file_pieces, files, is_unfinished_file
from heliograph.store.tx import Row, Tx

PIECE = 96 * 1024
"""Octets of each piece but the last."""
SLICE = 8
"""Pieces that are written or deleted in one transaction."""


class _File(Row, frozen=True):
    key: str
    created_at: int


class _Piece(Row, frozen=True):
    key: str
    position: int
    content: str


def add_pieces(tx: Tx, key: str, first: int, contents: Sequence[bytes], *, is_last: bool, now_ms: int) -> None:
    """Add pieces to a file, of which the first begins it; with the last ones it is there."""
    if first == 0:
        tx.insert(files, [_File(key, now_ms)])
    rows = [_Piece(key, first + place, b64encode(content).decode()) for place, content in enumerate(contents)]
    tx.insert(file_pieces, rows)
    if is_last:
        tx.run(update(files).where(files.c.key == key).values(is_whole=1))


def piece_of(tx: Tx, key: str, position: int) -> bytes | None:
    """Read one piece of a file; None if it has no such piece, or is not whole."""
    whole = select(files.c.key).where(files.c.key == key, files.c.is_whole == 1)
    mine = (file_pieces.c.key.in_(whole), file_pieces.c.position == position)
    found: str | None = tx.value(select(file_pieces.c.content).where(*mine))
    return None if found is None else b64decode(found)


def delete_pieces(tx: Tx, key: str) -> bool:
    """Delete some pieces of a file, which is not there from then on, and return whether others are left."""
    tx.run(update(files).where(files.c.key == key, files.c.is_whole == 1).values(is_whole=0))
    some = tx.column(select(file_pieces.c.position).where(file_pieces.c.key == key).limit(SLICE))
    tx.run(delete(file_pieces).where(file_pieces.c.key == key, file_pieces.c.position.in_(some)))
    if len(some) == SLICE:
        return True
    tx.run(delete(files).where(files.c.key == key))
    return False


def unfinished_before(tx: Tx, before_ms: int) -> list[str]:
    """List files that were begun before `before_ms` and are not whole, or not wholly deleted."""
    query = select(files.c.key).where(is_unfinished_file, files.c.created_at < before_ms)
    return tx.column(query.order_by(files.c.created_at).limit(100))
