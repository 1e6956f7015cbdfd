"""Sending much to one server, for what measures several in turns: each number is written to once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import count
from time import perf_counter

from bench.cases import GROUP, until_settled
from bench.load import post_all, request_bytes
from bench.server import MeasuredServer

BATCH = 1_000
_numbers = (f"+337{number:08d}" for number in count())


async def singles(wanted: int, server: MeasuredServer) -> float:
    """Messages a second, one a request over 50 connections, each answered after its commit."""
    url = f"{server.api}/messages"
    seconds, _ = await post_all(url, _requests(server, url, (next(_numbers) for _ in range(wanted))), GROUP)
    return wanted / seconds


async def batches_through(wanted: int, server: MeasuredServer) -> float:
    """Messages a second, in that many batches of 1,000, from the first request to the last receipt recorded."""
    url = f"{server.api}/batches"
    recipients = ([next(_numbers) for _ in range(BATCH)] for _ in range(wanted))
    requests = _requests(server, url, recipients)
    started = perf_counter()
    await post_all(url, requests, 4)
    await until_settled(server, wanted)
    return wanted * BATCH / (perf_counter() - started)


def _requests(server: MeasuredServer, url: str, recipients: Iterable[str | list[str]]) -> list[bytes]:
    said = {"text": "Your code is 123456", "from": "Bench"}
    return [request_bytes(url, server.token, json.dumps({"to": to} | said).encode()) for to in recipients]
