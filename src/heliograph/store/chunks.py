"""Statements that write a chunk of rows at once, in the form that suits the engine and the size of the chunk.

The rows are a derived table `chunk`, which an INSERT selects from and an UPDATE is joined with. Its values follow the
constants, the columns with one value for all rows, in the parameters of the statement:

- `ARRAYS`, on PostgreSQL: an array for each column, joined by `unnest`.
- a number of rows, on SQLite: `VALUES` with a marker for each value. It is the quickest, but needs a text for each
  number of rows; so there is one for each of `SIZES`, and a chunk is cut into those.
- `DOCUMENT`, on SQLite: one JSON document, for chunks that would be many pieces.

What matters on SQLite is how many statements there are, not only what each costs: the driver gives up Python's
interpreter lock once for each, and a busy thread may keep it (docs/decisions/0003-sqlite-chunks.md).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from functools import cache

from sqlalchemy import BigInteger, Column, Table

SIZES = (*range(1, 17), 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512)
"""Rows of the statements that are written as VALUES. Two or three of these make any number up to the last."""
MOST_MARKERS = 16_000
"""The most markers of one statement. SQLite takes 32,766."""


class Form(Enum):
    """How a chunk travels, if not as VALUES."""

    ARRAYS = "arrays"
    DOCUMENT = "document"


AnyForm = Form | int
"""A number: so many rows as VALUES."""


def sizes_of(rows: int, columns: int) -> Iterator[int]:
    """Cut a chunk of so many rows into pieces that there is a statement for."""
    while rows:
        size = SIZES[bisect_right(SIZES, min(rows, MOST_MARKERS // columns)) - 1]
        yield size
        rows -= size


@cache
def insert_sql(
    form: AnyForm, table: Table, columns: tuple[str, ...], constants: tuple[str, ...], skip_existing: bool
) -> str:
    """Write an INSERT. Raises TypeError for a name that is no column."""
    _require_columns(table, columns + constants)
    values = _markers(form, table, constants) + _fields(form, columns)
    conflict = " ON CONFLICT DO NOTHING" if skip_existing else ""
    # WHERE true: without it SQLite would read ON CONFLICT as the condition of a join.
    return (
        f"INSERT INTO {table.name} ({', '.join(constants + columns)}) "  # noqa: S608 - names come from the schema
        f"SELECT {', '.join(values)} FROM {_source(form, table, columns, len(constants))} WHERE true{conflict}"
    )


@cache
def update_sql(form: AnyForm, table: Table, columns: tuple[str, ...], constants: tuple[str, ...]) -> str:
    """Write an UPDATE by the first column, which is a key. Raises TypeError for a name that is no column."""
    _require_columns(table, columns + constants)
    key, *values = _fields(form, columns)
    pairs = zip(constants + columns[1:], _markers(form, table, constants) + values, strict=True)
    return (
        f"UPDATE {table.name} SET {', '.join(f'{name} = {value}' for name, value in pairs)} "  # noqa: S608 - as above
        f"FROM {_source(form, table, columns, len(constants))} WHERE {table.name}.{columns[0]} = {key}"
    )


def _markers(form: AnyForm, table: Table, constants: Sequence[str]) -> list[str]:
    """Write the constants, which are the first parameters."""
    if form is Form.ARRAYS:
        return [f"${place}::{_type_name(table.c[name])}" for place, name in enumerate(constants, 1)]
    return [f"?{place}" for place in range(1, len(constants) + 1)]


def _fields(form: AnyForm, columns: Sequence[str]) -> list[str]:
    if isinstance(form, Form):
        return [f"chunk.{name}" for name in columns]
    return [f"chunk.column{place}" for place in range(1, len(columns) + 1)]  # as SQLite calls those of VALUES


def _source(form: AnyForm, table: Table, columns: Sequence[str], before: int) -> str:
    """Write the derived table; `before` parameters come before its own."""
    if form is Form.ARRAYS:
        arrays = (f"${place}::{_type_name(table.c[name])}[]" for place, name in enumerate(columns, before + 1))
        return f"unnest({', '.join(arrays)}) AS chunk({', '.join(columns)})"
    if form is Form.DOCUMENT:
        picked = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(columns))
        return f"(SELECT {picked} FROM json_each(?{before + 1})) AS chunk"  # noqa: S608 - as above
    row = f"({', '.join('?' * len(columns))})"  # numbered as they come, after the constants
    return f"(VALUES {', '.join([row] * form)}) AS chunk"


def _require_columns(table: Table, names: Iterable[str]) -> None:
    if strangers := [name for name in names if name not in table.c]:
        raise TypeError(f"{table.name} has no column {', '.join(strangers)}")


def _type_name(column: Column[object]) -> str:
    return "bigint" if isinstance(column.type, BigInteger) else "text"
