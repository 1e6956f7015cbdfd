"""Chunks of rows: their columns are the fields of their type, on the way in and out, and nothing else goes through."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from tests.conftest import empty

from heliograph.store import Store
from heliograph.store.chunks import MOST_MARKERS, SIZES, sizes_of
from heliograph.store.schema import attempts, messages
from heliograph.store.tx import Row, Tx, columns

#: PostgreSQL has no text with a NUL in it, and neither has UTF-8 half of a surrogate pair.
WORDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1)
#: The fixture's store is shared by the examples of a test, each of which empties it.
many = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Attempt(Row, frozen=True):
    id: str
    message_id: str
    provider: str
    provider_ref: str | None
    outcome: str
    at: int


class Renamed(Row, frozen=True):
    """The key, and what is written over."""

    id: str
    provider: str
    at: int


ATTEMPTS = st.lists(
    st.builds(Attempt, WORDS, WORDS, WORDS, WORDS | st.none(), WORDS, NUMBERS), unique_by=lambda row: row.id, max_size=5
)
#: Types of rows with some of the table's columns, and perhaps one that it has not, in any order.
KINDS = st.lists(st.sampled_from([*map(str, attempts.c.keys()), "colour"]), min_size=1, unique=True).map(
    lambda names: msgspec.defstruct("Some", [(name, Any) for name in names], bases=(Row,), frozen=True)
)


def in_order(tx: Tx) -> list[Attempt]:
    return tx.all(Attempt, select(*columns(Attempt, attempts)).order_by(attempts.c.id))


def by_id(rows: list[Attempt]) -> list[Attempt]:
    return sorted(rows, key=lambda row: row.id.encode())


@many
@given(rows=ATTEMPTS)
async def test_rows_come_out_as_they_went_in(store: Store, rows: list[Attempt]) -> None:
    await store.write(empty)

    inserted = await store.write(lambda tx: tx.insert(attempts, rows))

    assert inserted == len(rows)
    assert await store.read(in_order) == by_id(rows)


@many
@given(rows=ATTEMPTS, provider=WORDS, at=NUMBERS)
async def test_an_update_writes_the_fields_behind_the_key_and_no_other(
    store: Store, rows: list[Attempt], provider: str, at: int
) -> None:
    await store.write(empty)
    await store.write(lambda tx: tx.insert(attempts, rows))
    changed = [Renamed(row.id, provider, at) for row in rows[::2]]

    updated = await store.write(lambda tx: tx.update(attempts, changed, {"outcome": "refused"}))

    after = [
        msgspec.structs.replace(row, provider=provider, at=at, outcome="refused") if row in rows[::2] else row
        for row in rows
    ]
    assert updated == len(changed)
    assert await store.read(in_order) == by_id(after)


@many
@given(rows=ATTEMPTS.filter(bool), kind=KINDS, place=st.integers(0, 5))
async def test_a_chunk_with_a_row_of_another_type_is_refused_whole(
    store: Store, rows: list[Attempt], kind: type[Row], place: int
) -> None:
    await store.write(empty)
    stranger = kind(*("x" for _ in kind.__struct_fields__))
    chunk: list[Row] = list(rows)
    chunk.insert(place, stranger)

    for write in (Tx.insert, Tx.update):
        with pytest.raises(TypeError, match="of one type"):
            await store.write(write, attempts, chunk)

    assert await store.read(in_order) == []


@many
@given(kind=KINDS)
async def test_a_row_is_read_only_by_a_type_with_exactly_its_columns(store: Store, kind: type[Row]) -> None:
    await store.write(empty)
    names = kind.__struct_fields__
    wanted = [attempts.c[name] for name in names if name in attempts.c]
    for query in (select(attempts.c.at, *(each for each in wanted if each.name != "at")), select(*attempts.c)):
        if tuple(column.name for column in query.selected_columns) == names:
            assert await store.read(Tx.all, kind, query) == []
            assert await store.read(Tx.one, kind, query) is None
            continue
        for read in (Tx.all, Tx.one):
            with pytest.raises(TypeError, match="a row of Some is"):
                await store.read(read, kind, query)


@pytest.mark.parametrize("values", [("i", "m", "p", None, "o"), ("i", "m", "p", None, "o", 1, "more")])
def test_a_row_that_is_too_short_or_too_long_cannot_be_made(values: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        Attempt(*values)


class Blunt(Row, frozen=True):
    id: str
    provider: str


class Fine(Row, frozen=True):
    id: str
    provider: str | None


def test_a_field_that_is_never_none_is_not_read_from_a_column_that_may_be_null() -> None:
    with pytest.raises(TypeError, match=r"Blunt\.provider is never None, and messages\.provider may be NULL"):
        columns(Blunt, messages)

    assert columns(Fine, messages) == [messages.c.id, messages.c.provider]


class Pair(msgspec.Struct):
    """A struct whose fields would not travel in their order."""

    id: str
    at: int


class Coloured(Row, frozen=True):
    id: str
    colour: str


@pytest.mark.parametrize("row", [("i", "m"), {"id": "i"}, Pair("i", 1), Coloured("i", "red")], ids=repr)
async def test_what_is_no_row_of_the_table_is_refused(store: Store, row: Any) -> None:
    for write in (Tx.insert, Tx.update):
        with pytest.raises(TypeError):
            await store.write(write, attempts, [row])


@pytest.mark.parametrize("count", [1, 17, 500, 512, 513, 1_100])
async def test_a_chunk_of_any_size_is_written_whole_and_in_every_column(store: Store, count: int) -> None:
    rows = [Attempt(f"{place:05}", "m", "p", None if place % 2 else "ref", "sent", place) for place in range(count)]
    changed = [Renamed(row.id, f"q{row.at}", -row.at) for row in rows]

    inserted = await store.write(lambda tx: tx.insert(attempts, rows))
    again = await store.write(lambda tx: tx.insert(attempts, rows[: count // 2], skip_existing=True))
    updated = await store.write(lambda tx: tx.update(attempts, changed, {"outcome": "refused"}))

    assert (inserted, again, updated) == (count, 0, count)
    assert await store.read(in_order) == [
        msgspec.structs.replace(row, provider=f"q{row.at}", at=-row.at, outcome="refused") for row in rows
    ]


@given(rows=st.integers(1, 5_000), columns=st.integers(1, 60))
def test_pieces_are_few_and_have_room_for_their_markers(rows: int, columns: int) -> None:
    pieces = list(sizes_of(rows, columns))

    assert sum(pieces) == rows
    assert all(piece in SIZES and piece * columns <= MOST_MARKERS for piece in pieces)
    assert len(pieces) <= rows // min(SIZES[-1], MOST_MARKERS // columns // 2) + 4
