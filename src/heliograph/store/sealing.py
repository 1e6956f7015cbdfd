"""Sealing anew what was sealed with a key that is to be given up (`domain/seals.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import Column, select

from heliograph.store.schema import applications, credentials, former_secrets, people, settings
from heliograph.store.tx import Row, Tx

SEALED: tuple[Column[Any], ...] = (
    credentials.c.sealed,
    former_secrets.c.sealed,
    applications.c.secret,
    people.c.totp,
    people.c.totp_pending,
    settings.c.value,
)
"""Where sealed texts stand. The settings are the last: among them is the one by which a process knows its key."""
AT_ONCE = 500
_NEW_TEXTS = {
    column: msgspec.defstruct(
        "NewText",
        [(str(each.name), str) for each in (*column.table.primary_key.columns, column)],
        bases=(Row,),
        frozen=True,
    )
    for column in SEALED
}
"""For each column, the rows by which it is changed."""


def seal_some_again(tx: Tx, column: Column[Any], after: str, again: Callable[[str], str | None]) -> str | None:
    """Put what `again` returns in the place of the next texts of a column, where that is not None.

    Return the key of the last row that was looked at; None if there was none. Spans accounts.
    """
    (key,) = column.table.primary_key.columns
    query = select(key, column).where(key > after, column.startswith("sealed:")).order_by(key).limit(AT_ONCE)
    found = tx.pairs(query.with_for_update())
    new = _NEW_TEXTS[column]
    tx.update(column.table, [new(one, text) for one, sealed in found.items() if (text := again(sealed)) is not None])
    return next(reversed(found), None)
