"""Lists of rows that a filter leaves few of, and that no index finds.

The problem. A list is read newest first along the index of its account, and what the filter does not let through is
passed over. Where one row in a million passes, a page of thirty looks at everything that the account has ever sent: two
seconds at two million rows, and a reader that nobody else has meanwhile.

So a list looks at a stretch of rows at a time, until its page is full, and at `MOST_ROWS` in all. A page that ends
there may be short, or empty, and still says where to go on: whoever follows `next` until there is none sees every row.
A filter that an index answers needs none of this: its page is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, true

from heliograph.domain.listing import Item, Listed
from heliograph.store.tx import Tx

FIRST_ROWS = 1_000
"""How many rows the first stretch has: enough for a page of what is not rare, and quickly measured."""
ROWS = 10_000
"""How many rows each further stretch has: some milliseconds."""
MOST_ROWS = 200_000
"""How many rows one page looks at."""


def exactly(found: Sequence[Item], limit: int) -> Listed[Item]:
    """Make a page of what an index found: `limit` rows were asked for, and one more."""
    if len(found) <= limit:
        return Listed(found, None)
    return Listed(found[:limit], found[limit - 1].id)


def by_stretches(
    tx: Tx,
    key: Column[Any],
    rows: Select[Any],
    read: Callable[[ColumnElement[bool], int], Sequence[Item]],
    limit: int,
    before: str | None,
) -> Listed[Item]:
    """Read a page, newest first, of what a filter lets through and is older than `before`.

    `rows` selects the `key` of all rows that may be looked at, of which an index has the order; `read` returns at most
    so many of those that pass, newest first, under a condition more.
    """
    found: list[Item] = []
    looked_at = 0
    older = true() if before is None else key < before
    for size in chain([FIRST_ROWS], repeat(ROWS)):
        last = tx.value(rows.where(older).order_by(key.desc()).offset(size - 1).limit(1))
        found += read(older if last is None else older & (key >= last), limit + 1 - len(found))
        looked_at += size
        if len(found) > limit or last is None:
            break
        if looked_at >= MOST_ROWS:
            return Listed(found, last)
        older = key < last
    return exactly(found, limit)
