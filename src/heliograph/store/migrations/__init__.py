"""Migrations: Alembic's files, run by us on a connection that is already open.

A new migration is a file in `versions/`, named by its number and what it does, with the number before it as
`down_revision`. It must run on both engines. There is no way back: a store is restored from its backup.

Its `kind` says who can live with it:

* `EXPAND`: processes of the version before, which go on while it runs and after it. It only makes tables and indexes,
  and adds columns that a row may be without or that have a default (`tests/house/test_migrations.py`).
* `CONTRACT`: nobody but this version; all others are stopped first.

What would be both at once, such as a column under another name, is two migrations of two versions: one adds the new
column, and its version writes both; the next version takes the old one away.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, inspect

from heliograph.domain.errors import SetupError


def migrate(connection: Connection, target: str = "head") -> None:
    """Bring the schema up to date, or up to the revision `target`, inside the caller's transaction.

    Raises NewerStore if the store is newer than this version.
    """
    if target != "head" or current(connection) != (head(),):
        from heliograph.store.migrations.applying import upgrade  # a fifth of what a start would import

        upgrade(connection, target)


def migrate_new(connection: Connection) -> None:
    """Make the schema where there is none, inside the caller's transaction, and leave every other as it is.

    For commands: a server of an older version may be running on this store, whose queries fit no other schema. Raises
    OlderStore or NewerStore if the schema is not the one that our queries are written for.
    """
    found = current(connection)
    if not found:
        migrate(connection)
        return
    if pending(found):
        raise OlderStore(f"The store was written by an older Heliograph (its schema is {', '.join(found)}).")


def current(connection: Connection) -> tuple[str, ...]:
    """Return the revision that the schema is at, as a tuple of one; an empty one where there is no schema."""
    if not inspect(connection).has_table("alembic_version"):
        return ()
    return tuple(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars())


def pending(found: tuple[str, ...]) -> list[str]:
    """List the migrations that a store at the revision `found` has not had yet, in their order. Raises NewerStore."""
    if found == (head(),):
        return []
    from heliograph.store.migrations.applying import missing

    return missing(found)


def head() -> str:
    """Return the revision that the queries of this version are written for: the number of the newest migration."""
    return max(file.name.partition("_")[0] for file in (Path(__file__).parent / "versions").glob("[0-9]*.py"))


class Kind(StrEnum):
    """Who can live with a migration."""

    EXPAND = "expand"
    """Processes of the version before, too."""
    CONTRACT = "contract"
    """This version only."""


def kind_of(revision: str) -> Kind:
    """Say who can live with a migration; those from before migrations said so have nobody else."""
    from heliograph.store.migrations.applying import module_of

    return Kind(getattr(module_of(revision), "kind", Kind.CONTRACT))


class OlderStore(SetupError):
    """The store was written by an older Heliograph, and only a server brings it up to date."""

    code = "older_store"
    hint = "Stop the servers that run on it, start this version with `heliograph serve`, and give the command again."


class NewerStore(SetupError):
    """The store was written by a newer Heliograph."""

    code = "newer_store"
    hint = "Install that version or a later one, or choose another data directory with --data-dir."


def newer(found: tuple[str, ...]) -> NewerStore:
    """Make the error for a schema that this version does not know."""
    return NewerStore(f"The store was written by a newer Heliograph (its schema is {', '.join(found)}).")
