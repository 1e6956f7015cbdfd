"""What the SDK adds to a request: single sends over one connection, beside a loop of the HTTP library alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from time import perf_counter

import httpx2

from bench.bare import Bare
from bench.cases import Figures, Sizes, until_settled
from bench.server import MeasuredServer
from heliograph import Client


async def sends(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Single messages a second by the SDK. Its counterpart posts the same by httpx2, in turns with it."""
    server.forget_peak()
    before = server.memory_mb()
    by_sdk_s, by_hand_s = await asyncio.to_thread(_in_turns, server, sizes.sdk, run)
    await until_settled(server, 1)
    return Figures(sizes.sdk / by_sdk_s, sizes.sdk / by_hand_s, server.memory_mb(peak=True) - before, {})


def _in_turns(server: MeasuredServer, count: int, run: int) -> tuple[float, float]:
    """Send so many each way, one after the other in turns, and return the seconds that each way took."""
    url, headers = f"{server.api}/messages", {"Authorization": f"Bearer {server.token}"}
    taken = [0.0, 0.0]
    with Client(server.api.removesuffix("/v1"), server.token) as client, httpx2.Client(headers=headers) as http:

        def by_sdk(number: str) -> object:
            return client.messages.send(to=number, text="Your code is 123456", originator="Bench")

        def by_hand(number: str) -> object:
            body = {"to": number, "text": "Your code is 123456", "from": "Bench"}
            return json.loads(http.post(url, json=body).raise_for_status().content)

        ways: list[Callable[[str], object]] = [by_sdk, by_hand]
        for place in range(count):
            for way, send in enumerate(ways):
                begun = perf_counter()
                send(f"+336{5 + way}{run % 10}{place:06d}")
                taken[way] += perf_counter() - begun
    return taken[0], taken[1]
