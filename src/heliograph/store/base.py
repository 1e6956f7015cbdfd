"""What a store can do, whichever engine is under it, and how many small writes share one commit.

The problem. A commit costs a wait for the disk, some milliseconds, however little it writes. Many callers want a small
write each, at the same time, and none may be told that it is done before that is on the disk.

How it works. A write is a `Job`: a command, its item, and the future of its caller. Jobs stand in the queue of a lane.
Whoever commits for the lane takes all that wait, up to `MAX_JOBS_TOGETHER`, and runs them in one transaction
(`commit_together`); what comes meanwhile goes into the next. Jobs with the same bulk command are one call of it with
all their items: a few statements for hundreds of callers. After the commit every caller gets its own answer. So an idle
store commits each write at once, and a busy one commits hundreds together, without a timer.

Reads are not queued. Each runs in a transaction of its own that sees one moment, and waits for no writer.

What a caller may rely on:

* When a write returns, it is committed. When it raises, it is not: neither is half of it.
* If a shared transaction fails, each job is run again alone, so that the one to blame fails alone. A command may
  therefore run more than once (on PostgreSQL also after a collision with another process), but one run is committed at
  most: it may change nothing outside of its transaction.
* A bulk command answers each item; an exception among its answers is raised for that caller, and what the command wrote
  for the others is committed. An exception that it raises fails the whole transaction.
* The order of writes that wait at the same time is not promised: whoever needs one awaits the first before the second.

If the process dies, callers never hear; what was committed is there, and what was not has not happened. If a caller is
gone when its job is committed, the job is committed all the same.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from enum import StrEnum
from time import perf_counter
from typing import Any, Concatenate, ParamSpec, TypeVar

from heliograph.domain.errors import NotNow
from heliograph.store.bell import Bell
from heliograph.store.tx import Tx

P = ParamSpec("P")
R = TypeVar("R")
Item = TypeVar("Item")

#: Takes the items of many callers at once and answers each in order; an answer that is an exception is raised
#: for its caller alone.
BulkCommand = Callable[[Tx, Sequence[Item]], Sequence[R | Exception]]

SWITCH_INTERVAL_S = 0.0005
"""How long a busy thread may keep the interpreter lock: whoever answers others needs it back after each statement."""
FEW = 100
"""How many rows are written in a moment that nobody notices."""
AT_A_TIME = 2
"""How many writes of more rows wait for a transaction: one is made up while the other waits for the disk."""
MAX_JOBS_TOGETHER = 512
MAX_JOBS_WAITING = 20_000


class Overloaded(NotNow):
    """More writes are waiting than this process will queue."""

    code = "overloaded"
    hint = "Nothing was accepted. Slow down and try again in a moment."


class Lane(StrEnum):
    """The queue that a write stands in. On PostgreSQL lanes commit side by side; SQLite has one writer for all."""

    ACCEPT = "accept"
    ENGINE = "engine"
    RECEIPTS = "receipts"
    OTHER = "other"


def _nobody_asks(_what: str, _seconds: float) -> None:
    pass


class Store(ABC):
    """A database with our schema. One per process; safe to use from one event loop."""

    dialect: str
    read_places: int
    """How many reads run at once; more wait for each other."""
    reading = 0
    """How many reads there are at this moment, with those that wait."""
    on_done: Callable[[str, float], None] = staticmethod(_nobody_asks)
    """Called with `read`, or the lane of a write, and how many seconds it took, with its wait."""

    def __init__(self) -> None:
        self._few_at_once = asyncio.Semaphore(AT_A_TIME)

    def in_turn(self, rows: int) -> AbstractAsyncContextManager[None]:
        """Wait for one's turn to write so many rows; who writes a few waits for nobody.

        Many writes of some hundred rows at once would be one transaction of seconds, and as long a time without an
        answer to anybody else.
        """
        return self._few_at_once if rows > FEW else nullcontext()

    async def read(self, query: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `query` in a read transaction: everything it sees is of one moment. Raises StoreUnavailable."""
        began = perf_counter()
        self.reading += 1
        try:
            return await self._ask(query, *args, **kwargs)
        finally:
            self.reading -= 1
            self.on_done("read", perf_counter() - began)

    @abstractmethod
    async def _ask(self, query: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R: ...

    @abstractmethod
    def writes_waiting(self) -> int:
        """Return how many writes wait for a transaction."""

    async def write(self, command: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `command` in a write transaction that it may share with others; return its result after the commit.

        If the shared transaction fails, each command is tried again alone, so that a failing one fails no other. A
        command may therefore run twice, but only one run is ever committed. Raises what the command raises,
        StoreUnavailable, Overloaded or ShuttingDown.
        """
        result: R = await self._timed(Job(_single, lambda tx: command(tx, *args, **kwargs)), Lane.OTHER)
        return result

    async def write_item(self, command: BulkCommand[Item, R], item: Item, lane: Lane = Lane.OTHER) -> R:
        """Hand `item` to a bulk command, together with the items of others; return its answer after the commit."""
        result: R = await self._timed(Job(command, item), lane)
        return result

    async def _timed(self, job: Job, lane: Lane) -> Any:
        began = perf_counter()
        try:
            return await self._submit(job, lane)
        finally:
            self.on_done(lane, perf_counter() - began)

    @abstractmethod
    async def _submit(self, job: Job, lane: Lane) -> Any: ...

    @property
    def bell(self) -> Bell | None:
        """Return what other processes of this store are told by; None where there can be no others."""
        return None

    @abstractmethod
    async def close(self) -> None:
        """Finish the writes that were handed in, then let go of the database."""


class Job:
    """One caller's part of a shared commit."""

    __slots__ = ("command", "future", "item")

    def __init__(self, command: BulkCommand[Any, Any], item: Any) -> None:
        self.command = command
        self.item = item
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()


def _single(tx: Tx, commands: Sequence[Callable[[Tx], Any]]) -> list[Any]:
    return [command(tx) for command in commands]


Answer = tuple[Job, Any, bool]
"""A job, its result or exception, and whether it is an exception."""


def commit_together(begin: Callable[[], AbstractContextManager[Tx]], jobs: Sequence[Job]) -> list[Answer]:
    """Run the jobs in one transaction, or, if that fails, each in one of its own; return their answers."""
    try:
        with begin() as tx:
            return list(_run(tx, jobs))
    except Exception as error:
        if len(jobs) == 1:
            return [(jobs[0], error, True)]
    return [answer for job in jobs for answer in commit_together(begin, [job])]


def _run(tx: Tx, jobs: Sequence[Job]) -> Iterator[Answer]:
    by_command: dict[BulkCommand[Any, Any], list[Job]] = {}
    for job in jobs:
        by_command.setdefault(job.command, []).append(job)
    for command, together in by_command.items():
        results = command(tx, [job.item for job in together])
        for job, result in zip(together, results, strict=True):
            yield job, result, isinstance(result, Exception)


def settle(answers: Sequence[Answer]) -> None:
    """Give the callers their answers. On the event loop's thread only."""
    for job, result, failed in answers:
        if job.future.done():  # the caller has gone away; what was committed stays committed
            continue
        if failed:
            job.future.set_exception(result)
        else:
            job.future.set_result(result)
