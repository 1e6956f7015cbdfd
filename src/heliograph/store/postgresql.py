"""The distributed store: PostgreSQL, shared by any number of processes.

Each lane commits on a connection of its own, one transaction at a time; what arrives meanwhile goes into that lane's
next commit together. Queries are the same synchronous functions as on SQLite: SQLAlchemy runs them on asyncpg.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

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
from heliograph.store.bell import Bell
from heliograph.store.migrations import migrate, migrate_new
from heliograph.store.tx import Tx

P = ParamSpec("P")
R = TypeVar("R")

_MIGRATION_LOCK = 0x48656C69  # any number that all Heliographs agree on
_READ_POOL = 8
_LISTENS = 1
#: Two processes were in each other's way: a deadlock, a serialization failure, the same unique key at the same moment.
#: The same commands do the right thing when they see what the other one did.
_COLLISIONS = frozenset({"40P01", "40001", "23505"})
_REPEATS = 3
#: Before the first repeat, and twice as long before each further one: whoever waited for us wakes and goes first.
_PAUSE_S = 0.005
#: Statements are short: compiling them never pays.
_SESSION = {"jit": "off"}


class PostgresqlStore(Store):
    dialect = "postgresql"
    read_places = _READ_POOL

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._engine = engine
        self._reading = engine.execution_options(isolation_level="REPEATABLE READ")
        self._lanes = {lane: _LaneWriter(engine, lane) for lane in Lane}
        self._bell = Bell(engine)

    @classmethod
    async def open(cls, url: str, *, beside: bool = False, target: str = "head") -> PostgresqlStore:
        """Connect and migrate. Raises SetupError, in one sentence, if the database can't be used.

        With `beside`, servers may be running on it, so only a new database is migrated; else all are, up to the
        revision `target`.
        """
        engine = _engine(url)
        try:
            async with engine.begin() as connection:
                await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
                await connection.run_sync(migrate_new if beside else partial(migrate, target=target))
        except (DBAPIError, OSError) as error:
            await engine.dispose()
            raise _unusable(url, error) from error
        except SetupError:
            await engine.dispose()
            raise
        return cls(engine)

    @property
    def bell(self) -> Bell:
        return self._bell

    def writes_waiting(self) -> int:
        return sum(lane.waiting for lane in self._lanes.values())

    async def _ask(self, query: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        def run(connection: Connection) -> R:
            return query(Tx(connection), *args, **kwargs)

        try:
            async with self._reading.connect() as connection:
                return await connection.run_sync(run)
        except (DBAPIError, PoolTimeout, OSError) as error:
            if _is_outage(error):
                raise StoreUnavailable() from error
            raise

    async def _submit(self, job: Job, lane: Lane) -> Any:
        return await self._lanes[lane].submit(job)

    async def close(self) -> None:
        for lane in self._lanes.values():
            await lane.close()
        await self._engine.dispose()


def _engine(url: str) -> AsyncEngine:
    target = make_url(url).set(drivername="postgresql+asyncpg")
    return create_async_engine(
        target, pool_size=_READ_POOL + len(Lane) + _LISTENS, max_overflow=0, connect_args={"server_settings": _SESSION}
    )


async def asked(url: str, query: Callable[[Tx], R]) -> R:
    """Run a query on a database as it is, in one read transaction. Raises SetupError if it can't be read."""
    engine = _engine(url)
    try:
        async with engine.execution_options(isolation_level="REPEATABLE READ").connect() as connection:
            return await connection.run_sync(lambda opened: query(Tx(opened)))
    except (DBAPIError, OSError) as error:
        raise _unusable(url, error) from error
    finally:
        await engine.dispose()


def _unusable(url: str, error: DBAPIError | OSError) -> SetupError:
    shown = make_url(url).render_as_string(hide_password=True)
    cause = error.orig if isinstance(error, DBAPIError) else error
    return SetupError(f"The store {shown} cannot be opened: {cause}.")


class _LaneWriter:
    """One queue of writes and the task that commits them."""

    def __init__(self, engine: AsyncEngine, lane: Lane) -> None:
        self._engine = engine
        self._jobs: asyncio.Queue[Job | None] = asyncio.Queue()
        self._closing = False
        self._task = asyncio.get_running_loop().create_task(self._write_until_closed(), name=f"postgresql-{lane}")

    @property
    def waiting(self) -> int:
        return self._jobs.qsize()

    async def submit(self, job: Job) -> Any:
        if self._closing:
            raise ShuttingDown()
        if self._jobs.qsize() > MAX_JOBS_WAITING:
            raise Overloaded()
        self._jobs.put_nowait(job)
        return await job.future

    async def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._jobs.put_nowait(None)
        await self._task

    async def _write_until_closed(self) -> None:
        closing = False
        while not closing:
            jobs: list[Job] = []
            next_job = await self._jobs.get()
            while next_job is not None:
                jobs.append(next_job)
                if len(jobs) == MAX_JOBS_TOGETHER or self._jobs.empty():
                    break
                next_job = self._jobs.get_nowait()
            closing = next_job is None
            if jobs:
                settle(await self._commit_surely(jobs))

    async def _commit_surely(self, jobs: list[Job]) -> list[Answer]:
        """Commit the jobs, and run those again that collided with another process."""
        answers = await self._commit(jobs)
        for repeat in range(_REPEATS):
            collided = [job for job, result, failed in answers if failed and _is_collision(result)]
            if not collided:
                break
            await asyncio.sleep(_PAUSE_S * 2**repeat * random.uniform(1, 2))  # noqa: S311 - not a secret
            settled = [answer for answer in answers if answer[0] not in collided]
            answers = settled + await self._commit(collided)
        return answers

    async def _commit(self, jobs: list[Job]) -> list[Answer]:
        def run(connection: Connection) -> list[Answer]:
            @contextmanager
            def begin() -> Iterator[Tx]:
                with connection.begin():
                    yield Tx(connection)

            return commit_together(begin, jobs)

        try:
            async with self._engine.connect() as connection:
                answers = await connection.run_sync(run)
        except (SQLAlchemyError, OSError) as error:
            return [(job, _unavailable(error), True) for job in jobs]
        return [
            (job, _unavailable(result), True) if failed and _is_outage(result) else (job, result, failed)
            for job, result, failed in answers
        ]


def _is_outage(error: Exception) -> bool:
    return isinstance(error, OSError | PoolTimeout) or (
        isinstance(error, DBAPIError)
        and (error.connection_invalidated or isinstance(error, OperationalError | InterfaceError))
    )


def _is_collision(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _COLLISIONS


def _unavailable(cause: Exception) -> StoreUnavailable:
    error = StoreUnavailable()
    error.__cause__ = cause
    return error
