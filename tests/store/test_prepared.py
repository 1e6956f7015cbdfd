"""Queries that are compiled once: they find what the same query finds that is built each time, by the same index."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Select, select, text
from sqlalchemy.dialects import sqlite
from tests.conftest import empty

from heliograph.store import Store
from heliograph.store.prepared import Given, among, prepared
from heliograph.store.schema import attempts
from heliograph.store.tx import Row, Tx, columns

NAMES = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8)


class Attempt(Row, frozen=True):
    id: str
    message_id: str
    provider: str
    outcome: str
    at: int


@prepared(Attempt)
def _taken(ids: Given, after: Given) -> Select[*tuple[Any, ...]]:
    query = select(*columns(Attempt, attempts)).where(among(attempts.c.id, ids), attempts.c.at > after)
    return query.where(attempts.c.outcome == "taken").order_by(attempts.c.id).limit(3)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES, unique=True, max_size=8), wanted=st.lists(NAMES, max_size=3), after=st.integers(-5, 5))
async def test_it_finds_what_the_query_finds(store: Store, names: list[str], wanted: list[str], after: int) -> None:
    rows = [Attempt(name, "m", "p", "taken" if at % 3 else "refused", at) for at, name in enumerate(names)]
    ids = names[::2] + wanted
    await store.write(empty)
    await store.write(lambda tx: tx.insert(attempts, rows))

    found = await store.read(lambda tx: tx.fetch(_taken, ids=ids, after=after))

    expected = [row for row in rows if row.id in ids and row.at > after and row.outcome == "taken"]
    assert found == sorted(expected, key=lambda row: row.id.encode())[:3]


async def test_it_goes_by_the_index_of_what_is_among_given_texts(store: Store) -> None:
    def plan(tx: Tx) -> str:
        compiled = _taken.on(tx.connection.dialect)
        values = compiled.values({"ids": [], "after": 0})
        if compiled.on_sqlite:
            rows = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled.sql}", values)
            return " ".join(str(row[3]) for row in rows)
        tx.connection.execute(text("SET LOCAL enable_seqscan = off"))
        rows = tx.connection.exec_driver_sql(f"EXPLAIN {compiled.sql}", values)
        return " ".join(str(row[0]) for row in rows)

    told = await store.read(plan)

    assert "SEARCH attempts" in told or "Index" in told


def test_a_query_whose_columns_are_not_those_of_its_rows_is_refused() -> None:
    query = prepared(Attempt)(lambda: select(attempts.c.id, attempts.c.at))

    with pytest.raises(TypeError, match="a row of Attempt is id, message_id"):
        query.on(sqlite.dialect())


async def test_a_value_that_is_missing_is_named(store: Store) -> None:
    with pytest.raises(KeyError, match="after"):
        await store.read(lambda tx: tx.fetch(_taken, ids=[]))
