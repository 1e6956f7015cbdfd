"""Copies of the embedded store: one taken while servers write to it, and another put in its place.

A copy of the file alone is none: what was committed last stands in the journal beside it (`heliograph.db-wal`), and a
server moves it from one to the other at any moment. `snapshot` asks SQLite for all that is committed at one moment. It
reads in a transaction of its own, so no writer waits for it, and none is kept from committing; only the journal grows
until it has ended.

`replace` is the other way. A journal that outlives its file would be read into the next one of that name, so the file
first takes in all that its journal has, and lets go of it; only then does another take its place, by one rename.
Whoever dies before that leaves the store that was there, and afterwards the one that was given.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from heliograph.domain.errors import SetupError
from heliograph.store.disk import told
from heliograph.store.sqlite import owned

_WAIT_S = 30.0
_JOURNALS = ("-wal", "-shm", "-journal")


class StoreFile(NamedTuple):
    """What a file of the embedded store says of itself."""

    schema: str
    """The revision of its tables."""
    seal_check: str | None
    """A sentence that is sealed with the key of its secrets; None if none is sealed yet."""


def look_at(path: Path, seal_setting: str) -> StoreFile:
    """Read what a store's file says of itself, whatever its version. Raises SetupError if it is no store."""
    try:
        with closing(_connected(path)) as connection:
            (schema,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            kept = (
                connection.execute("SELECT value FROM settings WHERE name = ?", (seal_setting,)).fetchone()
                if "settings" in tables
                else None
            )
    except (sqlite3.DatabaseError, TypeError) as error:
        raise SetupError(f"The file {path} is no store of Heliograph: {error}.") from error
    return StoreFile(schema, None if kept is None else kept[0])


def snapshot(path: Path, into: Path) -> None:
    """Copy the store as it is at this moment into a new file, for nobody but its owner to read.

    Servers go on meanwhile. Raises SetupError if the store can't be read or the copy can't be written.
    """
    try:
        os.close(os.open(into, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        with closing(_connected(path)) as connection:
            connection.execute("VACUUM INTO ?", (str(into),))
    except OSError as error:
        raise SetupError(f"The copy {into} cannot be written: {error.strerror}.") from error
    except sqlite3.DatabaseError as error:
        raise SetupError(
            f"The store {path} cannot be copied to {into.parent}: {told(error, into.parent, path.parent)}."
        ) from error


def is_there(path: Path) -> bool:
    """Say whether there is a store; an empty file, which a start that failed may leave, is none."""
    return path.exists() and path.stat().st_size > 0


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Hold the store's place, so that no server starts there and no command opens it meanwhile.

    Raises SetupError, in one sentence, if a server or a command has it.
    """
    lock = owned(path, busy="a backup is being restored there")
    try:
        yield
    finally:
        if path.exists() and not is_there(path):  # it was made to be owned
            path.unlink()
        lock.close()


def replace(path: Path, by: Path) -> None:
    """Put another file in the store's place, by one rename. Only for who is alone with it.

    Raises SetupError, with nothing changed, if somebody has the store open all the same. A store that can't be read at
    all is replaced.
    """
    if is_there(path):
        try:
            with closing(_connected(path)) as connection:
                (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
                if mode != "delete":
                    raise SetupError(f"The store {path} is in use; end what has it open.")
        except sqlite3.OperationalError as error:
            raise SetupError(f"The store {path} cannot be replaced: {error}.") from error
        except sqlite3.DatabaseError:
            pass  # it is damaged: what its journal has cannot be saved
    for journal in _JOURNALS:
        path.with_name(path.name + journal).unlink(missing_ok=True)
    by.replace(path)
    keep_names(path.parent)


def keep_names(directory: Path) -> None:
    """Wait until the names in a directory are on the disk."""
    opened = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _connected(path: Path) -> sqlite3.Connection:
    """Open a file that is there; nothing is made."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=_WAIT_S)
    connection.execute("PRAGMA synchronous=FULL")
    return connection
