"""A transaction, with the few bulk statements that each engine wants written its own way.

Who uses it. A `Tx` is handed to every query of the store, and is good until that returns: the store begins the
transaction, commits or rolls it back, and may run a command again (`store/base.py`). Statements on it see each other's
writes; nothing here commits, retries or keeps anything.

A chunk of rows goes in as one statement with one step, or a few (`store/chunks.py`): SQLite's driver gives up Python's
interpreter lock once for the chunk instead of once for each row, which is the difference between 9 and 260 microseconds
a row while the rest of the process is busy (docs/decisions/0003-sqlite-chunks.md). For the same reason rows come out of
SQLite as one JSON document.

Rows have names, on the way in and out: each is a struct whose fields are called as the columns are, and a statement
takes its columns from the type. So a row cannot be too short, too long or in another order: the type would not take
it, and what is not of the one type that the statement was made for is refused, on both engines alike.

Locks. On PostgreSQL many transactions write at once: what must not change until the commit is read `with_for_update`,
rows of one table in the order of their keys, tables in one order everywhere (`store/queue.py`, `store/changes.py`), so
that two transactions wait for each other, but never both. What has no row to lock takes a turn (`take_turns`,
`take_turns_about`). SQLite has one writer, so there all of this holds without a lock, and turns do nothing. Locks and
turns end with the transaction, and with a process that dies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from itertools import chain, islice, starmap
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec
from msgspec.structs import astuple
from sqlalchemy import (
    ARRAY,
    Column,
    Connection,
    Select,
    Table,
    Text,
    any_,
    cast,
    exists,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.dml import UpdateBase

from heliograph.store.chunks import SIZES, AnyForm, Form, insert_sql, sizes_of, update_sql
from heliograph.store.prepared import Prepared
from heliograph.store.schema import FILLED

_TURNS = 0x48656C6A  # any number that all Heliographs agree on, other than the one for migrations

_encode = msgspec.json.encode
_decode_rows = msgspec.json.Decoder(list[list[Any]]).decode


class Row(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Values of columns that are called as the fields are: text, integers, and None where a column may be NULL.

    Nothing in it refers to anything else, so the garbage collector need not look at thousands of them.
    """


K = TypeVar("K", bound=msgspec.Struct)


def columns(kind: type[msgspec.Struct], *tables: Table, **expressions: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """Return the columns that a row of this kind is read from, in the order of its fields.

    Expressions are named by their field; other fields are columns of the first table that has one of that name. Raises
    TypeError for a field that none of them has, or whose column may be NULL where its type may not be None: where the
    query leaves no NULL, give the column as an expression.
    """
    return [
        expressions[name].label(name) if name in expressions else _column(kind, name, tables)
        for name in kind.__struct_fields__
    ]


def _column(kind: type[msgspec.Struct], name: str, tables: Sequence[Table]) -> Column[Any]:
    for table in tables:
        if name in table.c:
            column = table.c[name]
            if column.nullable and FILLED not in column.info and name not in _optional(kind):
                raise TypeError(f"{kind.__name__}.{name} is never None, and {column} may be NULL")
            return column
    raise TypeError(f"{kind.__name__}.{name} is a column of none of {', '.join(table.name for table in tables)}")


@cache
def _optional(kind: type[msgspec.Struct]) -> frozenset[str]:
    """Name the fields of a row that may be None."""
    types = get_type_hints(kind)
    return frozenset(name for name in kind.__struct_fields__ if NoneType in get_args(types[name]))


class Tx:
    """A transaction in progress. Valid only inside the function it was handed to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sqlite = connection.dialect.name == "sqlite"
        # A text that is ready needs nothing of SQLAlchemy, which would cost as much again as SQLite itself.
        driver: Any = connection.connection.driver_connection
        self._execute: Callable[[str, tuple[Any, ...]], Any] = (
            driver.execute if self._sqlite else connection.exec_driver_sql
        )

    @property
    def connection(self) -> Connection:
        """Return SQLAlchemy's connection, for migrations."""
        return self._connection

    def rows(self, statement: Select[*tuple[Any, ...]]) -> Sequence[Sequence[Any]]:
        """Return all rows of a SELECT, in its order. Columns that are expressions need a label."""
        if not self._sqlite:
            return self._connection.execute(statement).fetchall()
        return _decode_rows(self._document(statement, statement.selected_columns.keys()))

    def _document(self, statement: Select[*tuple[Any, ...]], names: Sequence[str]) -> str:
        # By name: asking the subquery for its columns costs more than the rest of the statement.
        document: ColumnElement[str] = literal_column(f"json_group_array(json_array({', '.join(names)}))")
        found: str = self._connection.execute(select(document).select_from(statement.subquery())).scalar_one()
        return found

    def all(self, kind: type[K], statement: Select[*tuple[Any, ...]]) -> list[K]:
        """Return all rows of a SELECT as structs, in its order.

        Raises TypeError unless its columns are called as the fields of `kind`, in their order.
        """
        if not self._sqlite:
            result = self._connection.execute(statement)
            _require_names(kind, result.keys())
            return list(starmap(kind, result.fetchall()))
        names = statement.selected_columns.keys()
        _require_names(kind, names)
        found: list[K] = _decoder(kind).decode(self._document(statement, names))
        return found

    def fetch(self, query: Prepared[K], **given: Any) -> list[K]:
        """Return all rows of a query that was compiled before, with these values in it."""
        compiled = query.on(self._connection.dialect)
        result = self._execute(compiled.sql, compiled.values(given))
        if not self._sqlite:
            return list(starmap(query.kind, result.fetchall()))
        (document,) = result.fetchone()
        found: list[K] = _decoder(query.kind).decode(document)
        return found

    def one(self, kind: type[K], statement: Select[*tuple[Any, ...]]) -> K | None:
        """Return the first row of a SELECT as a struct; None if there is none. Raises TypeError as `all` does."""
        result = self._connection.execute(statement)
        _require_names(kind, result.keys())
        row = result.first()
        return None if row is None else next(starmap(kind, [row]))

    def column(self, statement: Select[*tuple[Any, ...]]) -> list[Any]:
        """Return the only column of a SELECT, in the order of its rows."""
        return [value for (value,) in self.rows(statement)]

    def pairs(self, statement: Select[*tuple[Any, ...]]) -> dict[Any, Any]:
        """Return the two columns of a SELECT as a dict, from the first to the second."""
        return {key: value for key, value in self.rows(statement)}  # noqa: C416 - dict() takes pairs of any kind

    def first(self, statement: Select[*tuple[Any, ...]]) -> Sequence[Any] | None:
        """Return the first row of a SELECT; None if there is none."""
        return self._connection.execute(statement).first()

    def value(self, statement: Select[*tuple[Any, ...]]) -> Any:
        """Return the only column of the first row of a SELECT; None if there is none."""
        return self._connection.execute(statement).scalar()

    def run(self, statement: UpdateBase) -> int:
        """Execute an INSERT, UPDATE or DELETE, and return how many rows it touched."""
        return self._connection.execute(statement).rowcount

    @contextmanager
    def in_index_order(self) -> Iterator[None]:
        """Make PostgreSQL read ordered rows from an index that has them in this order, and sort nothing.

        On a table that was never analysed it believes that a condition leaves few rows, and would sort them all for the
        first 500, through a bitmap.
        """
        if not self._sqlite:
            self._connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        yield
        if not self._sqlite:
            self._connection.exec_driver_sql("SET LOCAL enable_bitmapscan = on")

    def insert(
        self,
        table: Table,
        rows: Sequence[msgspec.Struct],
        constants: Mapping[str, Any] | None = None,
        *,
        skip_existing: bool = False,
    ) -> int:
        """Insert a chunk, and return how many rows were inserted; `constants` are columns with one value for all rows.

        With `skip_existing`, rows that are there already stay as they are. Raises TypeError for rows that are not all
        of one type, or have a field that is no column.
        """
        return self._write(partial(insert_sql, skip_existing=skip_existing), table, rows, constants or {})

    def update(self, table: Table, rows: Sequence[msgspec.Struct], constants: Mapping[str, Any] | None = None) -> int:
        """Update a chunk, and return how many rows were updated.

        The first field of each row is the key, the others are written; `constants` are written to all rows. Raises
        TypeError for rows that are not all of one type, or have a field that is no column.
        """
        return self._write(update_sql, table, rows, constants or {})

    def among(self, column: ColumnElement[Any], values: Iterable[str]) -> ColumnElement[bool]:
        """Return the condition that `column` is one of `values`: one parameter and one plan, however many there are."""
        if self._sqlite:
            each = func.json_each(_encode(list(values)).decode()).table_valued("value")
            return column.in_(select(each.c.value))
        return column == any_(cast(list(values), ARRAY(Text)))

    def one_or_among(self, column: ColumnElement[Any], values: Sequence[str]) -> ColumnElement[bool]:
        """Return the condition that `column` is one of `values`, written for one value as an equality.

        With one, an index on `column` is read in its order, and what follows is not sorted.
        """
        return column == values[0] if len(values) == 1 else self.among(column, values)

    def has_any(self, column: Column[Any], values: Iterable[str]) -> ColumnElement[bool]:
        """Return the condition that the JSON list of texts in `column` has one of `values`."""
        if self._sqlite:
            each = func.json_each(column).table_valued("value")
            return exists(select(each.c.value).where(self.among(each.c.value, values)))
        found: ColumnElement[bool] = cast(column, JSONB).has_any(cast(list(values), ARRAY(Text)))
        return found

    def take_turns(self, *, alone: bool) -> None:
        """Keep out whoever takes turns alone until this transaction ends; with `alone`, whoever takes turns at all.

        Waits until that is so, also for other processes. SQLite has one writer: there every transaction is alone.
        """
        if not self._sqlite:
            kind = "" if alone else "_shared"
            self._connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock{kind}({_TURNS})")

    def take_turns_about(self, what: str) -> None:
        """Keep out whoever takes turns about the same thing until this transaction ends.

        Waits until that is so, also for other processes. SQLite has one writer: there every transaction is alone.
        """
        if not self._sqlite:
            sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
            self._connection.exec_driver_sql(sql, (what,))

    def _write(
        self, statement: Callable[..., str], table: Table, rows: Sequence[msgspec.Struct], constants: Mapping[str, Any]
    ) -> int:
        """Run `statement` for all rows, in the form that suits the engine, and return how many rows it touched."""
        if not rows:
            return 0
        execute = self._execute
        names, fixed = _names_of(rows), tuple(constants.values())

        def run(form: AnyForm, values: Iterable[Any]) -> int:
            touched: int = execute(statement(form, table, names, tuple(constants)), (*fixed, *values)).rowcount
            return touched

        if not self._sqlite:
            return run(Form.ARRAYS, map(list, zip(*map(astuple, rows), strict=True)))
        if len(rows) > SIZES[-1]:
            return run(Form.DOCUMENT, [_encode(rows).decode()])
        rest = iter(rows)
        pieces = sizes_of(len(rows), len(names))
        return sum(run(size, chain.from_iterable(map(astuple, islice(rest, size)))) for size in pieces)


def _require_names(kind: type[msgspec.Struct], names: Iterable[str]) -> None:
    if tuple(names) != kind.__struct_fields__:
        raise TypeError(f"a row of {kind.__name__} is {', '.join(kind.__struct_fields__)}, not {', '.join(names)}")


def _names_of(rows: Sequence[msgspec.Struct]) -> tuple[str, ...]:
    """Return the columns of a chunk. Raises TypeError unless all rows are of one type: others would go in shifted."""
    kinds: set[type[msgspec.Struct]] = set(map(type, rows))
    if len(kinds) > 1:
        raise TypeError(f"rows of one chunk are of one type, not {', '.join(sorted(each.__name__ for each in kinds))}")
    (kind,) = kinds
    if not _is_row(kind):
        raise TypeError(f"{kind.__name__} is not a type of rows: a struct with array_like=True")
    return kind.__struct_fields__


@cache
def _is_row(kind: type[msgspec.Struct]) -> bool:
    return issubclass(kind, msgspec.Struct) and kind.__struct_config__.array_like


@cache
def _decoder(kind: type[K]) -> msgspec.json.Decoder[list[K]]:
    return msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
