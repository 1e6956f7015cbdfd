"""Messages that come by SMPP and go by SMPP, with their receipts."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import msgspec

from bench.bare import Bare
from bench.cases import Figures, Sizes
from bench.codec import SUBMIT
from bench.server import MeasuredServer
from heliograph.protocols.smpp.connection import Connection, connect
from heliograph.protocols.smpp.session import Answered, Asked, Event, Session, Side
from heliograph.protocols.smpp.wire.pdus import BindTransceiver, DeliverSm, DeliverSmResp, SubmitSmResp

CLIENTS, WINDOW = 4, 100
"""How many are bound, and how many submits of each are unanswered at once."""
ENVIRONMENT = {
    "HELIOGRAPH_DEFAULT_PROVIDER": "smsc",
    "HELIOGRAPH_SANDBOX": "on",
    "HELIOGRAPH_RATE_LIMIT": "1000000",
    "HELIOGRAPH_SMPP_WINDOW": "100",
}


class Smsc:
    """An SMSC in a process of its own (`smsc.py`)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.smsc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        port = int(self._process.stdout.readline())
        self.entry = {"host": "127.0.0.1", "port": port, "system_id": "bench", "password": "bench"}

    def stop(self) -> None:
        self._process.communicate("")


class Between(MeasuredServer):
    """A server that sends by an SMSC."""

    def __init__(self, directory: Path, store_url: str) -> None:
        self._smsc = Smsc()
        line = {
            "type": "smpp",
            "hosts": [f"127.0.0.1:{self._smsc.entry['port']}"],
            "system_id": "bench",
            "password": "bench",
            "binds": 4,
            "window": 200,
        }
        super().__init__(
            directory, store_url, environment={**ENVIRONMENT, "HELIOGRAPH_PROVIDERS": json.dumps({"smsc": line})}
        )

    def stop(self) -> None:
        super().stop()
        self._smsc.stop()


class _Told:
    """Counts receipts: each goes to one of the clients that are bound with the key."""

    def __init__(self, awaited: int) -> None:
        self._awaited = awaited
        self.all = asyncio.Event()

    def one(self) -> None:
        self._awaited -= 1
        if not self._awaited:
            self.all.set()


class _Client:
    """Keeps its window full until it has submitted all."""

    def __init__(self, numbers: Sequence[str], told: _Told) -> None:
        self._left = list(reversed(numbers))
        self._told = told
        self.refused = 0
        self.connection: Connection

    def heard(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Answered) and isinstance(event.response, SubmitSmResp):
                self.refused += event.response.status != 0
                self._submit()
            elif isinstance(event, Asked) and isinstance(event.pdu, DeliverSm):
                self.connection.respond(DeliverSmResp(event.pdu.sequence))
                self._told.one()

    def begin(self) -> None:
        for _ in range(WINDOW):
            self._submit()

    def _submit(self) -> None:
        if self._left:
            self.connection.request(
                msgspec.structs.replace(SUBMIT, destination_addr=self._left.pop(), validity_period="")
            )


async def through(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Messages a second from the first submit to the last receipt that a client has."""
    server.forget_peak()
    before = server.memory_mb()
    each = sizes.smpp // CLIENTS
    told = _Told(CLIENTS * each)
    clients = []
    for place in range(CLIENTS):
        client = _Client([f"336{run % 10}{place}{number:06d}" for number in range(each)], told)
        clients.append(client)
        entry = server.protocols["smpp"]
        client.connection = await connect(
            entry["host"], entry["port"], lambda now: Session(Side.ESME, now, window=WINDOW), client.heard
        )
        await client.connection.ask(BindTransceiver(system_id=entry["system_id"], password=entry["password"]))
    started = perf_counter()
    for client in clients:
        client.begin()
    await told.all.wait()
    seconds = perf_counter() - started
    memory = server.memory_mb(peak=True) - before
    for client in clients:
        await client.connection.close()
    if refused := sum(client.refused for client in clients):
        raise RuntimeError(f"{refused} submits were refused")
    bare_seconds = await bare.insert(sizes.smpp, 100, 4_000 + run) + await bare.live(4_000 + run)
    return Figures(CLIENTS * each / seconds, sizes.smpp / bare_seconds, memory, {})
