"""What the others notice while one account asks for much: cases whose figure is how long somebody else waits."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from statistics import quantiles
from time import perf_counter
from typing import Any

import aiohttp

from bench.bare import Bare
from bench.cases import Figures, Sizes, tomorrow
from bench.server import MeasuredServer


async def health(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Milliseconds to an answer of /healthz at the 99th percentile, asked every 10 ms while each door is sent its
    largest bodies, legal and not, by a tenant and by nobody. Its counterpart is the same while nobody asks for more."""
    bodies = _largest(server, sizes, run)
    server.forget_peak()
    before = server.memory_mb()
    async with aiohttp.ClientSession() as session, aiohttp.ClientSession() as watching:
        alone = await _watched(server, watching, asyncio.sleep(1))
        beside = await _watched(server, watching, _send_all(session, bodies))
    memory = server.memory_mb(peak=True) - before
    cuts = quantiles(beside, n=100)
    notes = {"p50 ms": cuts[49], "most ms": max(beside), "beside bodies": float(len(bodies))}
    return Figures(cuts[98], quantiles(alone, n=100)[98], memory, notes)


async def _watched(
    server: MeasuredServer, session: aiohttp.ClientSession, work: Coroutine[object, object, None]
) -> list[float]:
    """Milliseconds of each answer of /healthz until the work is done."""
    doing = asyncio.create_task(work)
    taken_ms = await _timed(doing, lambda: _ask(session, server))
    await doing
    return taken_ms


async def _send_all(session: aiohttp.ClientSession, bodies: list[tuple[str, dict[str, str], bytes]]) -> None:
    for url, headers, body in bodies:
        with suppress(aiohttp.ClientError):  # refused before it was sent
            async with session.post(url, data=body, headers=headers) as answer:
                await answer.read()


def _largest(server: MeasuredServer, sizes: Sizes, run: int) -> list[tuple[str, dict[str, str], bytes]]:
    """Addresses, headers and bodies. Only messages for tomorrow are made: what is measured is taking them."""
    root = server.api.removesuffix("/v1")
    own = {key: value for name in ("smscx", "xms", "isendpro") for key, value in server.protocols[name].items()}
    json_, form = {"Content-Type": "application/json"}, {"Content-Type": "application/x-www-form-urlencoded"}
    native = json_ | {"Authorization": f"Bearer {server.token}"}
    smscx = json_ | {"X-API-KEY": own["api_key"]}
    xms = json_ | {"Authorization": f"Bearer {own['token']}"}
    numbers = [f"+336{run % 10}{place:07d}" for place in range(sizes.body // 160)]
    sent = {"from": "Bench", "text": "Hello", "send_at": tomorrow()}
    many = json.dumps({"numbers": ["+33612345678"] * (sizes.body // 17)}).encode()
    ones = b",".join([b"1"] * (sizes.body // 2 - 50))
    empty = b",".join([b"[]"] * (sizes.body // 3 - 50))
    plan = f"{root}/xms/v1/{own['service_plan_id']}"
    isendpro = f"{root}/isendpro/cgi-bin/sms"
    estimate = {"to": numbers[:25_000], "from": "Bench", "text": "x"}
    few = numbers[:1_000]
    return [
        (f"{root}/v1/batches", native, json.dumps(sent | {"to": numbers}).encode()),
        (f"{root}/v1/groups", native, json.dumps({"members": numbers}).encode()),
        (f"{root}/v1/groups", native, json.dumps({"members": numbers * 2}).encode()),
        (f"{root}/v1/lookups", native, json.dumps({"numbers": numbers}).encode()),
        (f"{root}/v1/lookups", native, many),
        (f"{root}/v1/batches", native, b'{"text":"x","to":[' + ones + b"]}"),
        (f"{root}/v1/batches", native, b'{"text":"x","parameters":[' + empty + b"]}"),
        (f"{root}/v1/batches", native, b'{"text":"' + b"\\\\u0000" * (sizes.body // 8) + b'"}'),
        (f"{root}/smscx/numbers/validate", smscx, json.dumps({"phoneNumbers": numbers[:40_000]}).encode()),
        (
            f"{root}/smscx/sms/estimate",
            smscx,
            json.dumps(estimate).encode(),
        ),
        (f"{root}/smscx/sms", smscx, b'{"to":[' + empty + b"]}"),
        (f"{plan}/groups", xms, json.dumps({"members": [number[1:] for number in numbers[:10_000]]}).encode()),
        (f"{plan}/batches", xms, b'{"to":["' + b'","'.join([b"1"] * (sizes.body // 4 - 50)) + b'"],"body":"x"}'),
        (isendpro, json_, json.dumps({"keyid": own["keyid"], "num": few, "sms": "x", "sandbox": "1"}).encode()),
        (isendpro, json_, b'{"keyid":"x","num":[' + ones + b"]}"),
        (isendpro, form, b"keyid=x&" + b"num=1&" * (sizes.body // 6 - 50) + b"sms=x"),
        (f"{root}/smsdrop/auth/login", form, b"a=1&" * (sizes.body // 4)),
        (f"{root}/smscx/oauth/token", form, b"%41" * (sizes.body // 3)),
    ]


async def changes(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Milliseconds to the answer of another account's single send at the 99th percentile, one every 10 ms, while one
    account makes, changes, cancels and expands batches and groups of the largest size. Its counterpart is the same
    while nobody asks for more. /healthz is asked beside."""
    server.forget_peak()
    before = server.memory_mb()
    numbers = [f"+336{run % 10}{place:07d}" for place in range(sizes.recipients)]
    sent_to = (f"+337{run % 10}{place:07d}" for place in count())
    timeout = aiohttp.ClientTimeout(total=600)
    mine = {"Authorization": f"Bearer {server.token}"}
    others = {"Authorization": f"Bearer {server.other_token}"}
    worst: dict[str, float] = {}
    sends: list[float] = []
    asks: list[float] = []
    async with (
        aiohttp.ClientSession(headers=mine, timeout=timeout) as session,
        aiohttp.ClientSession(headers=others) as sending,
        aiohttp.ClientSession() as watching,
    ):
        large = _Large(session, server.api, numbers)

        async def beside(work: Coroutine[object, object, None]) -> tuple[list[float], list[float]]:
            doing = asyncio.create_task(work)
            sent, asked = await asyncio.gather(
                _timed(doing, lambda: _send_one(sending, server.api, next(sent_to))),
                _timed(doing, lambda: _ask(watching, server)),
            )
            await doing
            return sent, asked

        alone, _ = await beside(asyncio.sleep(1))
        for name, step in large.steps():
            started = perf_counter()
            sent, asked = await beside(step())
            sends += sent
            asks += asked
            worst[name] = max(sent)
            sys.stderr.write(
                f"  {name}: {perf_counter() - started:.2f} s; sends at most {max(sent):.0f} ms, "
                f"/healthz at most {max(asked):.0f} ms\n"
            )
    memory = server.memory_mb(peak=True) - before
    notes = {
        "most ms": max(sends),
        "/healthz ms": quantiles(asks, n=100)[98],
        "/healthz-most ms": max(asks),
    }
    return Figures(quantiles(sends, n=100)[98], quantiles(alone, n=100)[98], memory, notes)


class _Large:
    """Everything that an account can do to as many as there may be in a batch or a group."""

    def __init__(self, session: aiohttp.ClientSession, api: str, numbers: list[str]) -> None:
        self._session = session
        self._api = api
        self._numbers = numbers
        self._batch = ""
        self._group = ""

    def steps(self) -> Iterator[tuple[str, Any]]:
        """Yield the steps by name, in their order; each needs what those before it have made."""
        yield "make a batch", self._make
        yield "change its text", lambda: self._change({"text": "Hello again"})
        yield "change half of its recipients", lambda: self._change({"add": self._others, "remove": self._half})
        yield "pause it", lambda: self._post(f"/batches/{self._batch}/pause", {})
        yield "cancel it", lambda: self._post(f"/batches/{self._batch}/cancel", {})
        yield "make a group", self._make_group
        yield "take all members out", lambda: self._members({"remove": self._numbers})
        yield "put them in again", lambda: self._members({"add": self._numbers})
        yield "expand a batch to it", self._expand
        yield "cancel that", lambda: self._post(f"/batches/{self._batch}/cancel", {})
        yield "delete the group", lambda: self._call("DELETE", f"/groups/{self._group}", None)

    @property
    def _half(self) -> list[str]:
        return self._numbers[::2]

    @property
    def _others(self) -> list[str]:
        return [f"+338{number[4:]}" for number in self._half]

    async def _call(self, method: str, path: str, body: object) -> Any:
        async with self._session.request(method, self._api + path, json=body) as answer:
            found = await answer.read()
            assert answer.status < 300, (method, path, answer.status, found[:500])
            return json.loads(found or b"null")

    async def _post(self, path: str, body: object) -> None:
        await self._call("POST", path, body)

    async def _make(self) -> None:
        wanted = {"to": self._numbers, "text": "Hello", "from": "Bench", "send_at": tomorrow()}
        self._batch = (await self._call("POST", "/batches", wanted))["id"]

    async def _change(self, change: dict[str, object]) -> None:
        await self._call("PATCH", f"/batches/{self._batch}", change)

    async def _make_group(self) -> None:
        self._group = (await self._call("POST", "/groups", {"members": self._numbers}))["id"]

    async def _members(self, change: dict[str, object]) -> None:
        await self._call("PATCH", f"/groups/{self._group}", change)

    async def _expand(self) -> None:
        """Wait until the members have messages; these are paused, so that what is measured is not their sending."""
        due = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        wanted = {"groups": [self._group], "text": "Hello", "from": "Bench", "send_at": due}
        self._batch = (await self._call("POST", "/batches", wanted))["id"]
        await self._post(f"/batches/{self._batch}/pause", {})
        expanded = 0
        while expanded < len(self._numbers):
            expanded = (await self._call("GET", f"/batches/{self._batch}/report", None))["total"]


async def _timed(doing: asyncio.Task[None], call: Any) -> list[float]:
    """Milliseconds of each call until the work is done, one every 10 ms; one that starts late is late by that, too."""
    taken_ms: list[float] = []
    due = perf_counter()
    while not doing.done():
        await call()
        now = perf_counter()
        taken_ms.append((now - due) * 1_000)
        due = max(due + 0.01, now)
        await asyncio.sleep(due - now)
    return taken_ms


async def _send_one(session: aiohttp.ClientSession, api: str, number: str) -> None:
    async with session.post(f"{api}/messages", json={"to": number, "text": "Hello", "from": "Bench"}) as answer:
        found = await answer.read()
        assert answer.status == 201, found


async def _ask(session: aiohttp.ClientSession, server: MeasuredServer) -> None:
    async with session.get(f"{server.api.removesuffix('/v1')}/healthz") as answer:
        await answer.read()
        assert answer.status == 200
