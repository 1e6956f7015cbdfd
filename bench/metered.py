"""`heliograph`, with a meter in it: how much CPU time each stage of a message's way takes.

How it works. The functions in `STAGES` are put into others that note the thread's CPU time as they are entered and
left; of a coroutine, each step of it. What is entered within another counts for itself only, so the times of all stages
add up to what was metered. Commands of the store are metered by name where they are handed to it, whichever thread runs
them. On PostgreSQL they run in greenlets, which take turns in one thread: each has stages of its own.

What is not metered is the rest: the event loop, the garbage collector, what nobody thought of. A meter costs some
microseconds itself; that is measured at the start, and taken off.

Each line on standard input is answered by one on standard output: all times since the start, as JSON.
"""

from __future__ import annotations

import importlib
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from functools import cache, wraps
from inspect import iscoroutinefunction
from typing import Any

import greenlet  # type: ignore[import-untyped]

STAGES = {
    "HTTP": (
        "heliograph.runtime.connections:LimitedProtocol.data_received",
        "uvicorn.protocols.http.httptools_impl:RequestResponseCycle.run_asgi",
    ),
    "rules": ("heliograph.services.batches:Batches.create",),
    "commits": (
        "heliograph.store.sqlite:commit_together",
        "heliograph.store.postgresql:commit_together",
        "heliograph.store.postgresql:_LaneWriter._commit",  # with the driver's part of every statement
    ),
    "claim": (
        "heliograph.engine.claiming:Claimer.claim",
        "heliograph.engine.claiming:Claimer.until_next_s",
    ),
    "send": ("heliograph.engine.sending:Sender.send",),
    "outcome": ("heliograph.engine.sending:Sender._record",),
    "receipt": (
        "heliograph.engine.intake:EngineIntake.receipts",
        "heliograph.engine.intake:EngineIntake._write_gathered",
        "heliograph.sandbox.operator:SandboxOperator._run_clock",
    ),
    "callback": (
        "heliograph.engine.outbox:Outbox.do_some",
        "heliograph.engine.outbox:Outbox.next_due_ms",
        "heliograph.engine.outbox:Outbox._carry_out",
        "heliograph.engine.outbox:Outbox._record_what_came",
        "aiohttp.client_proto:ResponseHandler.data_received",
    ),
}
COMMANDS = {
    "batches.accept": "store accept",
    "claiming._next_times": "claim",
    "phones.put_on_phones": "send",
    "queue": "claim",
    "pacing": "claim",
    "receipts.record_outcomes": "outcome",
    "receipts": "receipt",
    "events": "callback",
}
"""The stages of the store's commands, by module and name or by module."""
REST_OF_STORE = "other queries"
ORDER = ("HTTP", "rules", "store accept", "commits", "claim", "send", "outcome", "receipt", "callback", REST_OF_STORE)
"""All stages, in the order of a message's way."""

_threads: list[tuple[Counter[str], Counter[str]]] = []
"""What was spent and entered, of each thread that there ever was."""


class _Thread(threading.local):
    """The stages that this thread is in, the innermost last, and its CPU time when that last changed."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        """Nanoseconds by stage."""
        self.entered: Counter[str] = Counter()
        """How often each stage was entered."""
        _threads.append((self.spent, self.entered))
        self.stages: list[str] = []
        self.since = 0
        self.of_greenlet: dict[Any, list[str]] = {}
        """The stages of those that wait for their turn in this thread."""
        greenlet.settrace(self.switched)

    def switched(self, _event: str, between: tuple[Any, Any]) -> None:
        origin, target = between
        self.charge()
        if not origin.dead:
            self.of_greenlet[origin] = self.stages
        before = self.of_greenlet.pop(target, None)
        self.stages = self.stages[-1:] if before is None else before  # a new one works for whoever began it

    def charge(self) -> None:
        now = time.thread_time_ns()
        if self.stages:
            self.spent[self.stages[-1]] += now - self.since
        self.since = now


_thread = _Thread()


def enter(stage: str) -> None:
    _thread.charge()
    _thread.stages.append(stage)
    _thread.entered[stage] += 1


def leave() -> None:
    _thread.charge()
    _thread.stages.pop()


class _Steps:
    """A coroutine, metered step by step."""

    def __init__(self, coroutine: Any, stage: str) -> None:
        self._coroutine = coroutine
        self._stage = stage

    def __await__(self) -> Generator[Any, Any, Any]:
        step: Callable[..., Any] = self._coroutine.send
        given: Any = None
        while True:
            enter(self._stage)
            try:
                awaited = step(given)
            except StopIteration as finished:
                return finished.value
            finally:
                leave()
            try:
                given, step = (yield awaited), self._coroutine.send
            except GeneratorExit:
                self._coroutine.close()
                raise
            except BaseException as error:  # a cancellation: it is the coroutine's to handle
                given, step = error, self._coroutine.throw


def metered(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
    if iscoroutinefunction(function):

        @wraps(function)
        async def stepped(*arguments: Any, **named: Any) -> Any:
            return await _Steps(function(*arguments, **named), stage)

        return stepped

    @wraps(function)
    def called(*arguments: Any, **named: Any) -> Any:
        enter(stage)
        try:
            return function(*arguments, **named)
        finally:
            leave()

    return called


@cache
def metered_command(command: Callable[..., Any]) -> Callable[..., Any]:
    """Meter a command or a query of the store. The same one is always the same function: the store joins them by it."""
    module = command.__module__.rpartition(".")[2]
    name = f"{module}.{getattr(command, '__name__', '')}"
    return metered(COMMANDS.get(name) or COMMANDS.get(module) or REST_OF_STORE, command)


def put_meters_in() -> None:
    for stage, places in STAGES.items():
        for place in places:
            module, _, path = place.partition(":")
            *owners, name = path.split(".")
            owner: Any = importlib.import_module(module)
            for each in owners:
                owner = getattr(owner, each)
            setattr(owner, name, metered(stage, getattr(owner, name)))
    from heliograph.store.base import Store
    from heliograph.store.postgresql import PostgresqlStore
    from heliograph.store.sqlite import SqliteStore

    for store, method in ((Store, "write"), (Store, "write_item"), (SqliteStore, "read"), (PostgresqlStore, "read")):
        setattr(store, method, _metering_commands(getattr(store, method)))


def _metering_commands(hand_in: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    @wraps(hand_in)
    def handed_in(self: Any, command: Callable[..., Any], *arguments: Any, **named: Any) -> Awaitable[Any]:
        return hand_in(self, metered_command(command), *arguments, **named)

    return handed_in


def _cost_of_a_meter() -> float:
    """Measure how many nanoseconds it takes to enter and leave a stage, in a thread of its own."""
    times = 20_000
    cost = 0.0

    def measure() -> None:
        nonlocal cost
        nothing = metered("nothing", lambda: None)
        began = time.thread_time_ns()
        for _ in range(times):
            nothing()
        cost = (time.thread_time_ns() - began) / times

    thread = threading.Thread(target=measure)
    thread.start()
    thread.join()
    _threads.pop()
    return cost


def _tell(meter_ns: float) -> None:
    for _ in sys.stdin:
        spent = sum((each for each, _ in list(_threads)), Counter[str]())
        entered = sum((each for _, each in list(_threads)), Counter[str]())
        taken = {stage: spent[stage] - entered[stage] * meter_ns for stage in ORDER}
        everything = time.process_time_ns() - entered.total() * meter_ns
        sys.stdout.write(json.dumps(taken | {"all": everything}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    put_meters_in()
    threading.Thread(target=_tell, args=(_cost_of_a_meter(),), daemon=True).start()
    from heliograph.cli import main

    main()
