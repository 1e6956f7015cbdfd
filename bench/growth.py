"""A store that has grown beside an empty one: `python -m bench growth`. It prints a table in Markdown.

--messages N  how many are stored before anything is measured (1,000,000)
--runs N      how often each is measured, after one that warms up (3); medians
--store NAME  sqlite or postgresql; both unless given
--quick       a fraction of the work

Two servers, one on an empty store and one on a store full of messages of the account that asks, do the same in turns.
Those messages are copies of a few that were sent: one statement makes 100,000 of them, each with an identifier, a
number and a provider's identifier of its own, ten to a batch, over 300 days up to yesterday. One in 10,000 has failed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import aiohttp
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Select,
    Table,
    Text,
    case,
    cast,
    func,
    insert,
    literal,
    literal_column,
    select,
)

from bench.cases import until_settled
from bench.sends import batches_through, singles
from bench.server import MeasuredServer
from bench.table import stores
from heliograph.domain.ids import earliest_at
from heliograph.domain.instants import from_ms, now_ms
from heliograph.store import Tx, open_store
from heliograph.store.schema import batches, messages

AT_ONCE = 100_000
BATCH = 10
FAILED_OF = 10_000
SPAN_MS, AGE_MS = (int(timedelta(days=days).total_seconds() * 1_000) for days in (300, 301))
PAGES = {
    "newest page": {},
    "page of a number": {"to": "+33600000007"},
    "page of the failed": {"status": "failed"},
    "page of a day half a year ago": {"since": "DAY", "until": "DAY_AFTER"},
    "page of a provider that has none": {"provider": "nobody"},
    "page of an originator that has none": {"from": "Nobody"},
}
IDLE_S = 5.0
Case = Callable[[MeasuredServer], Awaitable[float]]


async def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench growth")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--store", choices=["sqlite", "postgresql"])
    parser.add_argument("--quick", action="store_true")
    wanted = parser.parse_args(arguments)
    print(f"{wanted.messages:,} messages stored, {wanted.runs} runs; the load shares the machine.\n")
    print("| case | store | empty | grown | grown / empty |")
    print("|---|---|---:|---:|---:|")
    for store in [wanted.store] if wanted.store else ["sqlite", "postgresql"]:
        for line in await _measured(store, wanted.messages, wanted.runs, 20 if wanted.quick else 1):
            print(line)


async def _measured(store: str, stored: int, runs: int, part: int) -> list[str]:
    cases: dict[str, tuple[str, Case]] = {
        "single sends": ("/s", partial(singles, 5_000 // part)),
        "batches of 1,000, end to end": ("/s", partial(batches_through, max(20 // part, 1))),
        **{title: ("ms", partial(_page, query)) for title, query in PAGES.items()},
        "doing nothing": ("ms of CPU a second", partial(_idle, IDLE_S / part)),
    }
    found: dict[tuple[str, bool], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as name, ExitStack() as stopped:
        empty, grown = [await _server(store, Path(tempfile.mkdtemp(dir=name)), stopped) for _ in range(2)]
        await singles(BATCH, grown)
        await until_settled(grown, BATCH)
        started = perf_counter()
        await asyncio.to_thread(grown.restart, {}, before=lambda: asyncio.run(_grow(grown, stored)))
        sys.stderr.write(f"{store}: {stored:,} messages in {perf_counter() - started:.0f} s\n")
        for run in range(runs + 1):  # the first warms up
            for title, (_, measure) in cases.items():
                for is_grown, server in ((False, empty), (True, grown)) if run % 2 else ((True, grown), (False, empty)):
                    value = await measure(server)
                    if run:
                        found[title, is_grown].append(value)
            sys.stderr.write(f"{store}: run {run} of {runs} is done\n")
    return [_line(title, store, unit, found[title, False], found[title, True]) for title, (unit, _) in cases.items()]


def _line(title: str, store: str, unit: str, empty: list[float], grown: list[float]) -> str:
    ratio = median(grown) / median(empty) if median(empty) else 1.0
    return f"| {title} | {store} | {median(empty):,.1f} {unit} | {median(grown):,.1f} {unit} | {ratio:.2f} |"


async def _server(store: str, place: Path, stopped: ExitStack) -> MeasuredServer:
    url, bare = await stores(store, place)
    await bare.close()
    server = MeasuredServer(place, url)
    stopped.callback(server.stop)
    return server


async def _page(query: dict[str, str], server: MeasuredServer) -> float:
    """Milliseconds to the first page of a list, the quickest of three."""
    day = from_ms(now_ms() - SPAN_MS // 2)
    days = {"DAY": day.isoformat(), "DAY_AFTER": (day + timedelta(days=1)).isoformat()}
    asked = {name: days.get(value, value) for name, value in query.items()}
    took = []
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {server.token}"}) as session:
        for _ in range(3):
            started = perf_counter()
            async with session.get(f"{server.api}/messages", params={"limit": "30", **asked}) as answer:
                await answer.read()
                answer.raise_for_status()
            took.append((perf_counter() - started) * 1_000)
    return min(took)


async def _idle(seconds: float, server: MeasuredServer) -> float:
    """Milliseconds of CPU time a second while nobody asks for anything."""
    before = server.cpu_s()
    await asyncio.sleep(seconds)
    return (server.cpu_s() - before) * 1_000 / seconds


async def _grow(server: MeasuredServer, wanted: int) -> None:
    """Copy what is in a store on which no server runs, until there are so many messages more."""
    store = await open_store(server.store_url, server.data_dir)
    try:
        for begin in range(0, wanted, AT_ONCE):
            await store.write(_copy, begin, min(begin + AT_ONCE, wanted), wanted)
        await store.write(_analyse)
    finally:
        await store.close()


def _copy(tx: Tx, begin: int, end: int, wanted: int) -> None:
    """Write the messages from one place to another, of so many, with the batches that they are in."""
    first_ms = now_ms() - AGE_MS
    places = select(literal(begin, BigInteger).label("place")).cte("places", recursive=True)
    places = places.union_all(select(places.c.place + 1).where(places.c.place < end - 1))
    place = places.c.place
    at_ms = literal(first_ms) + place * SPAN_MS // wanted
    prefix = earliest_at(first_ms)[:10]
    batch_place = place - place % BATCH
    changed: dict[str, ColumnElement[Any]] = {
        "id": literal(prefix) + _digits(place, 16),
        "batch_id": literal(prefix) + _digits(batch_place, 16),
        "msisdn": literal("336") + _digits(place * 7_919 % 100_000_000, 8),
        "provider_ref": _digits(place * 2_654_435_761 % 4_294_967_296, 10) + _digits(place, 10),
        "status": case((place % FAILED_OF == 0, literal("failed")), else_=literal("delivered")),
        "created_at": at_ms,
        "due_at": at_ms,
        "sent_at": at_ms,
        "settled_at": at_ms,
    }
    tx.run(_insert_copies(messages, places, changed))
    changed = {"id": literal(prefix) + _digits(place, 16), "created_at": at_ms, "send_at": at_ms, "modified_at": at_ms}
    tx.run(_insert_copies(batches, places, changed, place % BATCH == 0))


def _digits(number: ColumnElement[int], width: int) -> ColumnElement[str]:
    """Write a number with that many digits."""
    return func.substr(cast(literal_column(str(10**width)) + number, Text), 2, type_=Text())


def _insert_copies(table: Table, places: Any, changed: dict[str, ColumnElement[Any]], *which: Any) -> Any:
    """Insert copies of a table's last row, one for each place."""
    last = select(table).order_by(table.c.id.desc()).limit(1).subquery()
    columns: list[Column[Any]] = list(table.columns)
    rows: Select[Any] = select(*(changed.get(each.name, last.c[each.name]) for each in columns)).select_from(
        places.join(last, literal(1) == literal(1))
    )
    return insert(table).from_select([each.name for each in columns], rows.where(*which))


def _analyse(tx: Tx) -> None:
    if tx.connection.dialect.name != "sqlite":  # which has none of its own until its autovacuum comes by
        tx.connection.exec_driver_sql("ANALYZE")
