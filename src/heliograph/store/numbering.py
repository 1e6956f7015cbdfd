"""Numbers by which people refer to things: counted in each account, and given once."""

from __future__ import annotations

from sqlalchemy import select, update

from heliograph.store.schema import numbering
from heliograph.store.tx import Row, Tx


class _Last(Row, frozen=True):
    account_id: str
    kind: str
    last: int


def take_numbers(tx: Tx, account_id: str, kind: str, count: int) -> range:
    """Take the next `count` numbers of this kind of thing. Others who want some wait until this transaction ends."""
    mine = (numbering.c.account_id == account_id, numbering.c.kind == kind)
    tx.insert(numbering, [_Last(account_id, kind, 0)], skip_existing=True)
    tx.run(update(numbering).where(*mine).values(last=numbering.c.last + count))
    last: int = tx.value(select(numbering.c.last).where(*mine))
    return range(last - count + 1, last + 1)


def take_number(tx: Tx, account_id: str, kind: str) -> int:
    return take_numbers(tx, account_id, kind, 1)[0]
