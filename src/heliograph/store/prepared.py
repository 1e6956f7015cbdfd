"""Queries that are built and compiled once, for those that run with every chunk.

Why. SQLAlchemy builds a statement, finds out whether it is one that it has compiled before, and fills in the values:
that costs more than SQLite takes to answer. Of a server that is sent single messages it was a fifth of all CPU time.

How. `@prepared(kind)` stands on a function that returns a SELECT. The function is called once for each engine, with a
placeholder for each of its parameters; what it returns is compiled, and kept as a text with the order of its
parameters. `Tx.fetch` runs it with values. A list stands in `among`, as one parameter: on SQLite it travels as JSON.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from sqlalchemy import ARRAY, BindParameter, Boolean, ColumnElement, Dialect, Select, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

K = TypeVar("K", bound=msgspec.Struct)

Given = Any
"""A placeholder for a value, in the functions that are prepared."""

_encode = msgspec.json.encode


class among(ColumnElement[bool]):
    """The condition that a column is one of the texts in a list that is given."""

    inherit_cache = False
    type = Boolean()

    def __init__(self, column: ColumnElement[Any], values: Given) -> None:
        self.column = column
        self.name: str = values.key

    def self_group(self, against: Any = None) -> among:
        """Return it as it is: SQLite would be asked whether it equals 1, and find no index for that."""
        return self


@compiles(among, "sqlite")
def _among_on_sqlite(element: among, compiler: SQLCompiler, **kwargs: Any) -> str:
    values = compiler.process(bindparam(element.name, type_=Text(), required=False), **kwargs)
    column = compiler.process(element.column, **kwargs)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - a name and a marker


@compiles(among, "postgresql")
def _among_on_postgresql(element: among, compiler: SQLCompiler, **kwargs: Any) -> str:
    values = compiler.process(bindparam(element.name, type_=ARRAY(Text), required=False), **kwargs)
    return f"{compiler.process(element.column, **kwargs)} = ANY ({values})"


class Compiled(NamedTuple):
    """A query as one engine takes it."""

    sql: str
    names: Sequence[str]
    """What each marker in the text stands for."""
    constants: Mapping[str, Any]
    """Those that the query says itself."""
    on_sqlite: bool

    def values(self, given: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the parameters in their order. Raises KeyError for one that is not given."""
        constants = self.constants
        return tuple(constants[name] if name in constants else self._written(given[name]) for name in self.names)

    def _written(self, value: Any) -> Any:
        if value is None or isinstance(value, str | int):
            return value
        return _encode(list(value)).decode() if self.on_sqlite else list(value)


class Prepared(Generic[K]):
    """A query with the type of its rows."""

    def __init__(self, kind: type[K], build: Callable[..., Select[*tuple[Any, ...]]]) -> None:
        self.kind = kind
        self._build = build
        self._compiled: dict[str, Compiled] = {}

    def on(self, dialect: Dialect) -> Compiled:
        """Compile it for an engine, or return what was compiled.

        Raises TypeError if its columns are not those of its rows.
        """
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = self._compile(dialect)
        return found

    def _compile(self, dialect: Dialect) -> Compiled:
        given: dict[str, BindParameter[Any]] = {
            name: bindparam(name, required=False) for name in inspect.signature(self._build).parameters
        }
        statement = self._build(**given)
        names = statement.selected_columns.keys()
        if tuple(names) != self.kind.__struct_fields__:
            raise TypeError(f"a row of {self.kind.__name__} is {', '.join(self.kind.__struct_fields__)}, not {names}")
        compiled = statement.compile(dialect=dialect)
        constants = {name: value for name, value in compiled.params.items() if name not in given}
        on_sqlite = dialect.name == "sqlite"
        sql = str(compiled)
        if on_sqlite:  # all rows in one step (docs/decisions/0003-sqlite-chunks.md)
            sql = f"SELECT json_group_array(json_array({', '.join(names)})) FROM ({sql})"  # noqa: S608 - ours
        return Compiled(sql, compiled.positiontup or (), constants, on_sqlite)


def prepared(kind: type[K]) -> Callable[[Callable[..., Select[*tuple[Any, ...]]]], Prepared[K]]:
    """Prepare the query that a function returns: its rows are of this kind, and given are the function's parameters."""
    return lambda build: Prepared(kind, build)
