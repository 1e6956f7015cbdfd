"""Other gateways beside this one: `python -m bench peers`. It prints a table in Markdown.

--runs N      how often each is measured, after a tenth of it that warms up (3); medians, and the least and the most
--store NAME  sqlite or postgresql for ours; both unless given
--quick       a fraction of the work

Each takes messages by HTTP, one a request over 50 connections (and this one by the thousand, too), sends them by SMPP
to an SMSC in a process of its own, which takes and delivers all at once (`smsc.py`), and calls a receiver back once for
each. What is counted are messages from the first request to the last callback. Kannel is left out where it is not
installed; `durable`: it spools what it has taken to files, as ours always stores it. `layer.py` is what HTTP and
commits alone take: it neither sends nor calls back, and ends with its last answer. In each run they come one after the
other.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Protocol

from bench.kannel import Kannel, NotInstalled
from bench.load import Receiver, get_bytes, post_all, request_bytes
from bench.server import cpu_s
from bench.smpp import Between, Smsc
from bench.table import stores

CONNECTIONS = 50
BATCH = 1_000


class Peer(Protocol):
    """Something that takes messages, sends them, and calls back."""

    calls_back: bool

    def requests(self, numbers: Sequence[str], told: str) -> tuple[str, list[bytes]]:
        """Return an address, and the requests that have a message sent to each number, and `told` called of it."""

    def cpu_s(self) -> float: ...

    def stop(self) -> None: ...


class Layer:
    calls_back = False

    def __init__(self, directory: Path) -> None:
        command = [sys.executable, "-m", "bench.layer", str(directory)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._url = self._process.stdout.readline().strip()

    def requests(self, numbers: Sequence[str], told: str) -> tuple[str, list[bytes]]:
        bodies = (json.dumps({"to": number, "text": "Hello"}).encode() for number in numbers)
        return self._url, [request_bytes(self._url, "", body) for body in bodies]

    def cpu_s(self) -> float:
        return cpu_s(self._process.pid)

    def stop(self) -> None:
        self._process.communicate("")


class Gateway:
    """A Kannel, and the SMSC that it is bound to."""

    calls_back = True

    def __init__(self, directory: Path, *, durable: bool) -> None:
        self._smsc = Smsc()
        try:
            self._kannel = Kannel(directory, self._smsc.entry, "http://127.0.0.1:1/written", durable=durable)
        except NotInstalled:
            self._smsc.stop()
            raise

    def requests(self, numbers: Sequence[str], told: str) -> tuple[str, list[bytes]]:
        report = {"from": "Bench", "text": "Hello", "dlr-mask": "3", "dlr-url": told}
        return self._kannel.origin, [get_bytes(self._kannel.address(to=number, **report)) for number in numbers]

    def cpu_s(self) -> float:
        return self._kannel.cpu_s()

    def stop(self) -> None:
        self._kannel.stop()
        self._smsc.stop()


class Ours:
    calls_back = True

    def __init__(self, directory: Path, store_url: str, *, batches: bool) -> None:
        self._server = Between(directory, store_url)
        self._batches = batches

    def requests(self, numbers: Sequence[str], told: str) -> tuple[str, list[bytes]]:
        wanted = {"from": "Bench", "text": "Hello", "report": "per_recipient_final", "callback_url": told}
        if self._batches:
            url = f"{self._server.api}/batches"
            several = [numbers[start : start + BATCH] for start in range(0, len(numbers), BATCH)]
            bodies = [wanted | {"to": each} for each in several]
        else:
            url = f"{self._server.api}/messages"
            bodies = [wanted | {"to": each} for each in numbers]
        return url, [request_bytes(url, self._server.token, json.dumps(body).encode()) for body in bodies]

    def cpu_s(self) -> float:
        return self._server.cpu_s()

    def stop(self) -> None:
        self._server.stop()


async def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench peers")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--store", choices=["sqlite", "postgresql"])
    parser.add_argument("--quick", action="store_true")
    wanted = parser.parse_args(arguments)
    count = 200 if wanted.quick else 10_000
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as name:
        begin = _beginnings([wanted.store] if wanted.store else ["sqlite", "postgresql"])
        rates: dict[str, list[float]] = defaultdict(list)
        costs: dict[str, list[float]] = defaultdict(list)
        for run in range(wanted.runs):
            for title, start in begin.items():
                try:
                    peer = await start(Path(tempfile.mkdtemp(dir=name)))
                except NotInstalled as error:
                    sys.stderr.write(f"{title}: {error}\n")
                    continue
                try:
                    await _measured(peer, count // 10, 9)  # it warms up
                    rate, cost = await _measured(peer, count, run)
                finally:
                    peer.stop()
                rates[title].append(rate)
                costs[title].append(cost)
                sys.stderr.write(f"run {run + 1}: {title}: {rate:,.0f}/s, {cost:.0f} µs\n")
    print(f"{count:,} messages, {wanted.runs} runs; the SMSC, the load and the receiver share the machine.\n")
    print("| | messages/s | CPU µs a message | times the bare layer |")
    print("|---|---:|---:|---:|")
    bare = median(rates["bare layer, nothing sent"])
    for title, found in rates.items():
        spread = f"{median(found):,.0f} ({min(found):,.0f} to {max(found):,.0f})"
        print(f"| {title} | {spread} | {median(costs[title]):,.0f} | {median(found) / bare:.2f} |")


def _beginnings(kinds: Sequence[str]) -> dict[str, Callable[[Path], Awaitable[Peer]]]:
    """How each is started in a directory of its own."""
    begin: dict[str, Callable[[Path], Awaitable[Peer]]] = {
        "bare layer, nothing sent": _layer,
        "Kannel, durable": partial(_gateway, True),
        "Kannel, in memory": partial(_gateway, False),
    }
    for store in kinds:
        begin[f"Heliograph, {store}, single requests"] = partial(_ours, store, False)
        begin[f"Heliograph, {store}, batches of {BATCH:,}"] = partial(_ours, store, True)
    return begin


async def _layer(place: Path) -> Peer:
    return Layer(place)


async def _gateway(durable: bool, place: Path) -> Peer:
    return Gateway(place, durable=durable)


async def _ours(store: str, batches: bool, place: Path) -> Peer:
    url, bare = await stores(store, place)
    await bare.close()
    return Ours(place, url, batches=batches)


async def _measured(peer: Peer, count: int, run: int) -> tuple[float, float]:
    """Messages a second, and CPU time of the peer a message, in µs."""
    numbers = [f"+336{run:02d}{place:06d}" for place in range(count)]
    async with Receiver() as receiver:
        url, requests = peer.requests(numbers, receiver.url)
        before, started = peer.cpu_s(), perf_counter()
        await post_all(url, requests, CONNECTIONS)
        if peer.calls_back:
            await receiver.until(count)
        seconds = perf_counter() - started
    return count / seconds, (peer.cpu_s() - before) / count * 1_000_000
