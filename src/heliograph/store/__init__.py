"""The store: every table, query and migration, the same on SQLite and PostgreSQL.

Nothing outside this package writes SQL. A query is a function that takes a transaction (`Tx`) first; it runs
inside `Store.read`, or inside a write that shares its commit with others (`Store.write`, `Store.write_item`).
"""

from heliograph.store.base import Store
from heliograph.store.opening import open_store
from heliograph.store.tx import Tx

__all__ = ["Store", "Tx", "open_store"]
