"""The embedded store: one SQLite file, owned by exactly one process.

One thread writes. While it waits for the disk the next writes gather, and go into the next commit together. Readers
are a few threads of their own; with write-ahead logging they never wait for the writer. `synchronous=FULL`: when a
write returns, it is on the disk.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import queue
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import NullPool

from heliograph.domain.errors import SetupError, ShuttingDown, StoreUnavailable
from heliograph.store.base import (
    MAX_JOBS_TOGETHER,
    MAX_JOBS_WAITING,
    SWITCH_INTERVAL_S,
    Answer,
    Job,
    Lane,
    Overloaded,
    Store,
    commit_together,
    settle,
)
from heliograph.store.disk import told
from heliograph.store.migrations import migrate, migrate_new
from heliograph.store.tx import Tx

P = ParamSpec("P")
R = TypeVar("R")

_OUTAGES = (OperationalError, sqlite3.OperationalError)
"""As SQLAlchemy says it, and as the driver does where it is called without."""
_READERS = 2


class SqliteStore(Store):
    dialect = "sqlite"
    read_places = _READERS

    def __init__(self, path: Path, *, beside: bool = False, target: str = "head") -> None:
        """Open and migrate the file, making it if need be. Raises SetupError, in one sentence, if that fails.

        With `beside`, another process may own it. SQLite's own locks keep the two apart; what an owner alone may do,
        such as taking back messages whose worker died, is the engine's, and commands have none. Only a new file is
        migrated. `target` is the revision that a file is migrated to by its owner.
        """
        super().__init__()
        self._lock = beside_others(path) if beside else owned(path)
        self._engine = _engine(path)
        try:
            writer = self._engine.connect()
        except DatabaseError as error:
            self._lock.close()
            raise _unusable(path, error) from error
        try:
            with writer.begin():
                if beside:
                    migrate_new(writer)
                else:
                    migrate(writer, target)
        except (DatabaseError, SetupError) as error:
            writer.close()
            self._lock.close()
            raise error if isinstance(error, SetupError) else _unusable(path, error) from error
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._closing = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._write_until_closed, args=(writer,), name="sqlite-writer")
        self._thread.start()
        self._local = threading.local()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-reader")
        self._reader_connections: list[Connection] = []

    def writes_waiting(self) -> int:
        return self._jobs.qsize()

    async def _ask(self, query: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        if self._closing:
            raise ShuttingDown()
        try:
            return await self._loop.run_in_executor(self._readers, lambda: self._read(query, *args, **kwargs))
        except _OUTAGES as error:
            raise StoreUnavailable(f"The database did not answer: {_cause(error)}.") from error

    def _read(self, query: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._engine.connect().execution_options(reader=True)
            self._reader_connections.append(connection)
        with connection.begin():
            return query(Tx(connection), *args, **kwargs)

    async def _submit(self, job: Job, lane: Lane) -> Any:
        if self._closing:
            raise ShuttingDown()
        if self._jobs.qsize() > MAX_JOBS_WAITING:
            raise Overloaded()
        self._jobs.put(job)
        return await job.future

    def _write_until_closed(self, connection: Connection) -> None:
        @contextmanager
        def begin() -> Iterator[Tx]:
            with connection.begin():
                yield Tx(connection)

        closing = False
        while not closing:
            jobs: list[Job] = []
            next_job = self._jobs.get()
            while next_job is not None:
                jobs.append(next_job)
                if len(jobs) == MAX_JOBS_TOGETHER or self._jobs.empty():
                    break
                next_job = self._jobs.get()
            closing = next_job is None
            if jobs:
                answers = [_in_our_words(answer) for answer in commit_together(begin, jobs)]
                self._loop.call_soon_threadsafe(settle, answers)
        connection.close()

    async def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        self._jobs.put(None)
        await self._loop.run_in_executor(None, self._thread.join)
        self._readers.shutdown()
        for connection in self._reader_connections:
            connection.close()
        self._engine.dispose()
        self._lock.close()


def looked_into(path: Path, query: Callable[[Tx], R]) -> R:
    """Run a query on a file as it is, in one read transaction. Raises SetupError if it can't be read."""
    engine = _engine(path)
    try:
        with engine.connect().execution_options(reader=True) as connection:
            return query(Tx(connection))  # rolled back in the end: of a damaged file not even nothing can be committed
    except DatabaseError as error:
        raise _unusable(path, error) from error
    finally:
        engine.dispose()


def _unusable(path: Path, error: DatabaseError) -> SetupError:
    return SetupError(f"The store {path} cannot be opened: {told(error.orig, path.parent)}.")


def _cause(error: Exception) -> object:
    return error.orig if isinstance(error, OperationalError) else error


def _in_our_words(answer: Answer) -> Answer:
    job, result, failed = answer
    if failed and isinstance(result, _OUTAGES):
        error = StoreUnavailable(f"The database did not take the write: {_cause(result)}.")
        error.__cause__ = result
        return job, error, True
    return answer


def owned(path: Path, *, busy: str = "") -> IO[str]:
    """Take an exclusive lock beside the file, which the kernel releases when the process ends, however it ends.

    `busy` says, in what `beside_others` tells, why nobody may open the store meanwhile; empty: anybody may, who does
    not want to own it. Raises SetupError if another process has the lock.
    """
    lock = _lock_file(path)
    if not _locked(lock):
        owner = _told(lock) or "unknown"
        lock.close()
        raise SetupError(
            f"The data directory {path.parent} is in use by another Heliograph (process {owner}); "
            "stop that one, or choose another with --data-dir."
        )
    _tell(lock, path, f"{os.getpid()} {busy}".strip())
    return lock


def beside_others(path: Path) -> IO[str]:
    """Take the lock beside the file if nobody has it, and return its file in any case. Raises SetupError."""
    lock = _lock_file(path)
    if _locked(lock):
        _tell(lock, path, str(os.getpid()))
    elif busy := _told(lock).partition(" ")[2]:
        lock.close()
        raise SetupError(f"The data directory {path.parent} can't be used now: {busy}.")
    return lock


def _lock_file(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside_it = path.with_suffix(".lock")
        for file in (path, beside_it):  # the journals get the mode of the store
            file.touch(mode=0o600)
        return beside_it.open("a+")
    except OSError as error:
        raise SetupError(
            f"The data directory {path.parent} is not writable ({error.strerror}); choose another with --data-dir."
        ) from error


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _tell(lock: IO[str], path: Path, text: str) -> None:
    """Write into the lock who has it, for others to read. Raises SetupError if the disk has no room for that."""
    try:
        lock.truncate(0)
        os.write(lock.fileno(), text.encode())
    except OSError as error:
        lock.close()
        raise SetupError(
            f"The data directory {path.parent} can't be written to ({error.strerror}); make room on its disk, or "
            "choose another with --data-dir."
        ) from error


def _told(lock: IO[str]) -> str:
    lock.seek(0)
    return lock.read().strip()


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=NullPool,
        connect_args={"check_same_thread": False, "isolation_level": None, "cached_statements": 1024},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "busy_timeout=5000",
            "cache_size=-65536",
            "temp_store=MEMORY",
            "wal_autocheckpoint=4000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reader = connection.get_execution_options().get("reader", False)
        connection.exec_driver_sql("BEGIN" if reader else "BEGIN IMMEDIATE")

    return engine
