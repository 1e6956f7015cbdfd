"""What a message costs by stage: `python -m bench costs`. It prints microseconds of CPU time in Markdown.

--store NAME  sqlite or postgresql; both unless given
--quick       a fraction of the work, to see that it works and roughly what comes out

CPU time, unlike the rates of `table.py`, means much the same beside other work on the machine. The server has a meter
for each stage (`metered.py`); what the meters themselves take is taken off.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cases import GROUP, until_settled
from bench.load import Receiver, post_all, request_bytes
from bench.metered import ORDER
from bench.server import MeteredServer
from bench.table import stores

BATCH = 1_000
REST = "loop, threads, collector"
TOTAL = "**all**"


@dataclass(frozen=True)
class Load:
    """A way in which messages come; each is sent, and its receipt recorded."""

    title: str
    send: Callable[[MeteredServer, int, int], Awaitable[None]]
    """Send so many messages, in this run."""
    messages: int


async def singles(server: MeteredServer, count: int, run: int) -> None:
    await _singles(server, count, run, {})


async def singles_told(server: MeteredServer, count: int, run: int) -> None:
    """The same with two callbacks for each message, to a receiver that answers at once."""
    async with Receiver() as receiver:
        await _singles(server, count, run, {"report": "per_recipient", "callback_url": receiver.url})
        await receiver.until(2 * count)


async def batches(server: MeteredServer, count: int, run: int) -> None:
    url = f"{server.api}/batches"
    places = range(0, count, BATCH)
    bodies = [
        {"to": _numbers(run, place, min(BATCH, count - place)), "text": "Hello", "from": "Bench"} for place in places
    ]
    await post_all(url, [request_bytes(url, server.token, json.dumps(body).encode()) for body in bodies], 4)
    await until_settled(server, len(bodies))


async def _singles(server: MeteredServer, count: int, run: int, more: dict[str, Any]) -> None:
    url = f"{server.api}/messages"
    body = {"text": "Your code is 123456", "from": "Bench"} | more
    bodies = (json.dumps({"to": number} | body).encode() for number in _numbers(run, 0, count))
    await post_all(url, [request_bytes(url, server.token, each) for each in bodies], GROUP)
    await until_settled(server, GROUP)


def _numbers(run: int, start: int, count: int) -> list[str]:
    return [f"+336{run:02d}{start + place:06d}" for place in range(count)]


LOADS = (
    Load("single sends", singles, 10_000),
    Load("batches of 1,000", batches, 50_000),
    Load("single sends, called back", singles_told, 5_000),
)


async def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench costs")
    parser.add_argument("--store", choices=["sqlite", "postgresql"])
    parser.add_argument("--quick", action="store_true")
    wanted = parser.parse_args(arguments)
    for store in [wanted.store] if wanted.store else ["sqlite", "postgresql"]:
        print(_table(store, await _measured(store, 40 if wanted.quick else 1)))


async def _measured(store: str, part: int) -> dict[str, Counter[str]]:
    """Nanoseconds a message, by load and stage; `part`: only one of so many messages is sent."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="heliograph-costs-") as directory:
        place = Path(directory) / "costs"
        place.mkdir()
        url, bare = await stores(store, place)
        await bare.close()
        server = MeteredServer(place, url)
        try:
            for number, load in enumerate(LOADS):
                count = load.messages // part
                await load.send(server, count // 5, 2 * number)  # warms up: tables of numbers, compiled statements
                before = server.costs()
                await load.send(server, count, 2 * number + 1)
                after = server.costs()
                found[load.title] = Counter({stage: (after[stage] - before[stage]) / count for stage in after})
        finally:
            server.stop()
    return found


def _table(store: str, found: dict[str, Counter[str]]) -> str:
    lines = [f"\n| CPU µs a message, {store} | {' | '.join(found)} |", f"|---|{'---:|' * len(found)}"]
    for costs in found.values():
        costs[REST] = costs["all"] - sum(costs[stage] for stage in ORDER)
        costs[TOTAL] = costs["all"]
    for stage in (*ORDER, REST, TOTAL):
        lines.append(f"| {stage} | {' | '.join(f'{costs[stage] / 1_000:,.0f}' for costs in found.values())} |")
    return "\n".join(lines)
