"""What a store is like, and whether what must agree in it agrees.

Each check is one query that finds what contradicts itself; a sound store has none of it. All of them see one moment,
and servers go on meanwhile. They read whole tables: minutes on a large store, and nobody waits for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Column, Select, Table, case, func, inspect, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.sql.elements import ColumnElement

from heliograph.domain.statuses import OPEN
from heliograph.store.migrations import current
from heliograph.store.retention import Progress, progress_of
from heliograph.store.schema import (
    attempts,
    balances,
    batches,
    file_pieces,
    files,
    group_members,
    groups,
    hits,
    inbound_parts,
    ledger,
    links,
    long_inbound,
    messages,
    metadata,
    retention_walks,
    works,
)
from heliograph.store.tx import Tx

SHOWN = 5
"""How many identifiers a finding names."""
_MANY = 100_000


class StoreState(NamedTuple):
    """What is in a store."""

    schema: str | None
    """The revision of its tables; None where there are none."""
    bytes: int
    rows: dict[str, int]
    """By table; on PostgreSQL, large ones as it has estimated them last."""
    retention: Sequence[Progress]
    """How far the walks of the retention have come."""


class Finding(NamedTuple):
    """Something in a store that can't be."""

    check: str
    message: str


def state_of(tx: Tx) -> StoreState:
    """Measure a store, whatever its version. Spans accounts."""
    there = set(inspect(tx.connection).get_table_names())
    found = current(tx.connection)
    walks = progress_of(tx) if retention_walks.name in there else []
    rows = {name: _rows(tx, name) for name in sorted(there)}
    return StoreState(found[0] if found else None, _size(tx), rows, walks)


def _size(tx: Tx) -> int:
    if tx.connection.dialect.name == "sqlite":
        sql = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    else:
        sql = "SELECT pg_database_size(current_database())"
    return int(tx.connection.execute(text(sql)).scalar_one())


def _rows(tx: Tx, table: str) -> int:
    if tx.connection.dialect.name == "postgresql":
        about = text("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(:name)")
        estimate = int(tx.connection.execute(about, {"name": f'"{table}"'}).scalar_one())
        if estimate > _MANY:
            return estimate
    return int(tx.connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one())  # noqa: S608 - a table's name


def findings_in(tx: Tx) -> list[Finding]:
    """Look for what can't be in a store of this version; a damaged one is asked nothing more. Spans accounts."""
    return list(_damage(tx)) or [*_structure(tx), *_contradictions(tx)]


def _damage(tx: Tx) -> Iterator[Finding]:
    if tx.connection.dialect.name != "sqlite":
        return
    try:
        found = [str(row[0]) for row in tx.connection.execute(text("PRAGMA integrity_check(20)"))]
    except DatabaseError as error:
        found = [str(error.orig)]
    for told in found:
        if told != "ok":
            yield Finding("integrity", f"SQLite finds the file damaged: {told}.")


def _structure(tx: Tx) -> Iterator[Finding]:
    found = inspect(tx.connection)
    there = set(found.get_table_names())
    for table in metadata.sorted_tables:
        if table.name not in there:
            yield Finding("tables", f"The table {table.name} is missing.")
            continue
        columns = {column["name"] for column in found.get_columns(table.name)}
        indexes = {index["name"] for index in found.get_indexes(table.name)}
        for column in sorted(set(table.c.keys()) - columns):
            yield Finding("tables", f"The column {table.name}.{column} is missing.")
        for index in sorted({str(index.name) for index in table.indexes} - indexes):
            yield Finding("tables", f"The index {index} is missing.")


def _contradictions(tx: Tx) -> Iterator[Finding]:
    for check, message, wrong in _CHECKS:
        names = [str(row[0]) for row in tx.connection.execute(wrong.limit(SHOWN + 1))]
        if names:
            more = ", and others" if len(names) > SHOWN else ""
            yield Finding(check, f"{message}: {', '.join(names[:SHOWN])}{more}.")


def _balances() -> Select[*tuple[str]]:
    """Find accounts whose balance is not the sum of their ledger, which is nothing for who is not billed.

    Spans accounts.
    """
    sums = select(ledger.c.account_id, func.sum(ledger.c.amount).label("sum")).group_by(ledger.c.account_id).subquery()
    billed = (
        select(balances.c.account_id)
        .outerjoin(sums, sums.c.account_id == balances.c.account_id)
        .where(balances.c.amount != func.coalesce(sums.c.sum, 0))
    )
    others = (
        select(sums.c.account_id)
        .outerjoin(balances, balances.c.account_id == sums.c.account_id)
        .where(balances.c.account_id.is_(None), sums.c.sum != 0)
    )
    return select(billed.union_all(others).subquery().c.account_id)


def _counted() -> Select[*tuple[str]]:
    """Find batches that keep a count of what is open, and whose messages say another.

    Those that are being made or changed in slices are left out. Spans accounts.
    """
    open_ones: ColumnElement[int] = func.sum(case((messages.c.status.in_([each.value for each in OPEN]), 1), else_=0))
    counts = select(messages.c.batch_id, open_ones.label("open")).group_by(messages.c.batch_id).subquery()
    unexpanded = case((batches.c.expand_at.is_(None), 0), else_=1)
    return (
        select(batches.c.id)
        .outerjoin(counts, counts.c.batch_id == batches.c.id)
        .where(batches.c.open_count.is_not(None), batches.c.open_count != func.coalesce(counts.c.open, 0) + unexpanded)
        .where(batches.c.id.not_in(select(works.c.id)))
    )


def _orphans(table: Table, reference: Column[str], kept: Column[str]) -> Select[*tuple[str]]:
    """Find rows that are of something which is not there. Spans accounts."""
    owner = kept.table
    return select(reference).select_from(table).outerjoin(owner, kept == reference).where(kept.is_(None)).distinct()


_CHECKS: tuple[tuple[str, str, Select[*tuple[str]]], ...] = (
    ("balances", "The balance of accounts is not the sum of their ledger", _balances()),
    ("counts", "Batches wait for another number of messages than are open", _counted()),
    (
        "messages",
        "There are messages of batches that are not there",
        _orphans(messages, messages.c.batch_id, batches.c.id),
    ),
    (
        "attempts",
        "There are attempts of messages that are not there",
        _orphans(attempts, attempts.c.message_id, messages.c.id),
    ),
    (
        "groups",
        "There are members of groups that are not there",
        _orphans(group_members, group_members.c.group_id, groups.c.id).where(
            group_members.c.group_id.not_in(select(works.c.id))  # a deleted group's, which are about to go
        ),
    ),
    ("links", "There are hits of links that are not there", _orphans(hits, hits.c.link_id, links.c.id)),
    (
        "parts",
        "There are parts of messages that are not awaited",
        _orphans(inbound_parts, inbound_parts.c.long_id, long_inbound.c.id),
    ),
    ("files", "There are pieces of files that are not there", _orphans(file_pieces, file_pieces.c.key, files.c.key)),
)
"""What each check is called, what is wrong where it finds something, and the identifiers of what is wrong."""
