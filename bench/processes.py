"""One process beside two on PostgreSQL: `python -m bench processes`. It prints a table in Markdown.

--runs N      how often each is measured, after one that warms up (3); medians
--quick       a fraction of the work

`heliograph serve`, and `heliograph api` with `heliograph worker`, do the same in turns, each on a store of its own.
The database, the load and the sandbox's phones share the machine's processors with them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median

from bench.sends import BATCH, batches_through, singles
from bench.server import ApiAndWorker, MeasuredServer
from bench.table import stores

KINDS: dict[str, type[MeasuredServer] | type[ApiAndWorker]] = {
    "serve": MeasuredServer,
    "api and worker": ApiAndWorker,
}


async def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench processes")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    wanted = parser.parse_args(arguments)
    alone, together = (200, 1) if wanted.quick else (10_000, 50)
    cases = {
        "single sends": (alone, partial(singles, alone)),
        "batches of 1,000, end to end": (together * BATCH, partial(batches_through, together)),
    }
    rates: dict[tuple[str, str], list[float]] = defaultdict(list)
    costs: dict[tuple[str, str], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as name, ExitStack() as stopped:
        servers = {}
        for kind, start in KINDS.items():
            place = Path(tempfile.mkdtemp(dir=name))
            url, bare = await stores("postgresql", place)
            await bare.close()
            servers[kind] = start(place, url)
            stopped.callback(servers[kind].stop)
        for run in range(wanted.runs + 1):
            for title, (count, measure) in cases.items():
                for kind, server in servers.items():
                    before = server.cpu_s()
                    rate = await measure(server)
                    if run:
                        rates[title, kind].append(rate)
                        costs[title, kind].append((server.cpu_s() - before) / count * 1_000_000)
                        sys.stderr.write(f"run {run}: {title}, {kind}: {rate:,.0f}/s\n")
    print(f"{os.cpu_count()} processors, {wanted.runs} runs.\n")
    print("| case | processes | messages/s | CPU µs a message | times one process |")
    print("|---|---|---:|---:|---:|")
    for (title, kind), found in rates.items():
        times = median(found) / median(rates[title, "serve"])
        print(f"| {title} | {kind} | {median(found):,.0f} | {median(costs[title, kind]):,.0f} | {times:.2f} |")
