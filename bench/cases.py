"""What is measured. Each case is one run and answers with its figures; the runner repeats it."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from time import perf_counter, time

import aiohttp
from yarl import URL

from bench.bare import Bare
from bench.load import post_all, request_bytes
from bench.server import MeasuredServer

GROUP = 50
"""How many requests share a commit in the bare counterpart of single sends: as many as there are connections."""


@dataclass(frozen=True)
class Sizes:
    batch: int = 25_000
    singles: int = 15_000
    through: int = 100_000
    through_batch: int = 1_000
    chain: int = 10_000
    report: int = 1_000_000
    contacts: int = 100_000
    hits: int = 30_000
    campaign: int = 200_000
    codes: int = 300
    django: int = 10_000
    pdus: int = 500_000
    body: int = 16_000_000
    """Bytes of the largest bodies, a little less than a body may have."""


@dataclass(frozen=True)
class Figures:
    """One run of one case."""

    value: float
    bare: float
    """The same work done by the driver alone, in the same unit."""
    memory_mb: float
    """How much resident memory grew at its peak."""
    notes: dict[str, float]


def _body(count: int, run: int, case: int, start: int = 0) -> bytes:
    numbers = [f"+336{case}{run % 10}{start + place:06d}" for place in range(count)]
    return json.dumps({"to": numbers, "text": "Hello", "from": "Bench"}).encode()


async def batch(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Seconds from one request with many recipients to its answer, which comes after the commit."""
    url = f"{server.api}/batches"
    request = request_bytes(url, server.token, _body(sizes.batch, run, 1))
    server.forget_peak()
    before = server.memory_mb()
    seconds, _ = await post_all(url, [request], 1)
    memory = server.memory_mb(peak=True) - before
    await until_settled(server, 1)
    return Figures(seconds, await bare.insert(sizes.batch, sizes.batch, run), memory, {})


async def singles(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Single messages a second over 50 connections, each answered after its commit, while they are also sent."""
    url = f"{server.api}/messages"
    bodies = (
        json.dumps({"to": f"+3362{run % 10}{place:06d}", "text": "Your code is 123456", "from": "Bench"}).encode()
        for place in range(sizes.singles)
    )
    requests = [request_bytes(url, server.token, body) for body in bodies]
    server.forget_peak()
    before = server.memory_mb()
    seconds, latencies = await post_all(url, requests, GROUP)
    memory = server.memory_mb(peak=True) - before
    await until_settled(server, GROUP)
    cuts = quantiles(latencies, n=100)
    bare_seconds = await bare.insert(sizes.singles, GROUP, 1_000 + run)
    notes = {"p50 ms": cuts[49] * 1_000, "p99 ms": cuts[98] * 1_000}
    return Figures(sizes.singles / seconds, sizes.singles / bare_seconds, memory, notes)


async def through(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Messages a second from the first request to the last delivered receipt recorded."""
    url = f"{server.api}/batches"
    count = sizes.through // sizes.through_batch
    requests = [
        request_bytes(url, server.token, _body(sizes.through_batch, run, 3, place * sizes.through_batch))
        for place in range(count)
    ]
    server.forget_peak()
    before = server.memory_mb()
    started = perf_counter()
    await post_all(url, requests, 4)
    await until_settled(server, count)
    seconds = perf_counter() - started
    memory = server.memory_mb(peak=True) - before
    bare_seconds = await bare.insert(sizes.through, sizes.through_batch, 2_000 + run) + await bare.live(run)
    return Figures(sizes.through / seconds, sizes.through / bare_seconds, memory, {})


async def chain_told(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Seconds from one parameterised request to the last receipt, through a second Heliograph that calls back.

    Its counterpart is the same request to that second one alone.
    """
    return await _through_two(server, sizes, run)


async def chain_asked(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """The same, where the second one can't call back and is asked."""
    return await _through_two(server, sizes, run)


async def smscx_send(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Seconds from one SMS.CX request with many recipients to its answer, a row for each, after the commit."""
    return await _smscx_answered(server, "sms", sizes, run, await bare.insert(sizes.batch, sizes.batch, 3_000 + run))


async def smscx_estimate(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """The same without sending. Its counterpart is reading and writing as much JSON."""
    numbers = [f"+336{place:08d}" for place in range(sizes.batch)]
    started = perf_counter()
    json.dumps([{"to": number, "text": "Hello", "cost": 0.045} for number in json.loads(json.dumps(numbers))])
    return await _smscx_answered(server, "sms/estimate", sizes, run, perf_counter() - started)


async def _smscx_answered(server: MeasuredServer, path: str, sizes: Sizes, run: int, bare_s: float) -> Figures:
    numbers = [f"+336{7 if path == 'sms' else 8}{run % 10}{place:06d}" for place in range(sizes.batch)]
    wanted = {"to": numbers, "from": "Bench", "text": "Hello", "scheduledDate": _tomorrow()}
    server.forget_peak()
    before = server.memory_mb()
    async with _smscx(server) as session:
        started = perf_counter()
        async with session.post(f"{server.smscx['host']}/{path}", json=wanted) as answer:
            found = await answer.read()
        seconds = perf_counter() - started
    assert answer.status == 200, found[:500]
    return Figures(seconds, bare_s, server.memory_mb(peak=True) - before, {})


async def report_csv(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Seconds to export a report of many messages. Its counterpart is reading as many rows, and no more."""
    return await _exported(server, bare, sizes, run, "csv")


async def report_xlsx(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    return await _exported(server, bare, sizes, run, "xlsx")


async def _exported(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int, kind: str) -> Figures:
    if not run:
        for start in range(0, sizes.report, sizes.batch):
            numbers = [f"+336{start + place:08d}" for place in range(min(sizes.batch, sizes.report - start))]
            wanted = {"to": numbers, "text": "Hello from the bench", "from": "Bench", "send_at": _tomorrow()}
            request = request_bytes(f"{server.api}/batches", server.token, json.dumps(wanted).encode())
            await post_all(f"{server.api}/batches", [request], 1)
        await bare.insert(sizes.report, sizes.batch, 4_000)
        return Figures(0, 0, 0, {})
    day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    until = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    server.forget_peak()
    before = server.memory_mb()
    size = 0
    async with _smscx(server) as session:
        started = perf_counter()
        async with session.get(f"{server.smscx['host']}/reports/{kind}?start_date={day}&end_date={until}") as answer:
            async for block in answer.content.iter_any():
                size += len(block)
        seconds = perf_counter() - started
    assert answer.status == 200 and size > 10 * sizes.report
    return Figures(seconds, await bare.read(), server.memory_mb(peak=True) - before, {})


async def contacts(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Seconds to put many contacts with fields into a group, in as few requests as the API allows."""
    at_once = 40_000
    drafts = [
        {"phoneNumber": f"+336{run % 10}{place:07d}", "firstName": f"Customer {place}", "field1": "gold"}
        for place in range(sizes.contacts)
    ]
    server.forget_peak()
    before = server.memory_mb()
    async with _smscx(server) as session:
        async with session.post(f"{server.smscx['host']}/groups", json={"name": f"Bench {run}"}) as answer:
            group = (await answer.json())["info"]["id"]
        started = perf_counter()
        for start in range(0, len(drafts), at_once):
            body = {"phoneNumbers": drafts[start : start + at_once]}
            async with session.post(f"{server.smscx['host']}/groups/{group}", json=body) as answer:
                assert (await answer.json())["info"]["totalInvalid"] == 0
        seconds = perf_counter() - started
    memory = server.memory_mb(peak=True) - before
    return Figures(seconds, await bare.insert(sizes.contacts, at_once, 5_000 + run), memory, {})


async def django_project(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Seconds of a Django project's `send_many`: its own rows on SQLite, and the server's answers, all committed."""
    server.forget_peak()
    before = server.memory_mb()
    with tempfile.TemporaryDirectory() as directory:
        url = server.api.removesuffix("/v1")
        arguments = [url, server.token, str(sizes.django), str(run * 1_000_000), f"{directory}/db.sqlite3"]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.django_project", *arguments, stdout=asyncio.subprocess.PIPE
        )
        told, _ = await process.communicate()
    memory = server.memory_mb(peak=True) - before
    return Figures(float(told), await bare.insert(sizes.django, sizes.django, 7_000 + run), memory, {})


async def redirects(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Redirects a second over 50 connections, to the last hit stored; each with the headers of a browser."""
    headers = {"Authorization": f"Bearer {server.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(f"{server.api}/links", json={"url": "https://example.org/offer"}) as answer:
            link = await answer.json()
        request = (
            f"GET {URL(link['short_url']).path} HTTP/1.1\r\nHost: bench\r\nAccept-Language: fr\r\n"
            "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile Safari/604.1\r\n\r\n"
        ).encode()
        server.forget_peak()
        before = server.memory_mb()
        started = perf_counter()
        _, latencies = await post_all(link["short_url"], [request] * sizes.hits, GROUP)
        stored = 0
        while stored < sizes.hits:
            async with session.get(f"{server.api}/links") as answer:
                stored = (await answer.json())["items"][0]["hits"]
        seconds = perf_counter() - started
    memory = server.memory_mb(peak=True) - before
    bare_seconds = await bare.insert(sizes.hits, 2_000, 6_000 + run)
    notes = {"p99 ms": quantiles(latencies, n=100)[98] * 1_000}
    return Figures(sizes.hits / seconds, sizes.hits / bare_seconds, memory, notes)


PLACES_A_SECOND = 100
"""What the provider of the next case may be sent."""


async def codes(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Milliseconds from the request for a one-time code to its being sent, at the 99th percentile, while a campaign
    waits for the same provider. Its counterpart is the time between two places there."""
    if not run:
        for start in range(0, sizes.campaign, sizes.batch):
            numbers = [f"+336{start + place:08d}" for place in range(min(sizes.batch, sizes.campaign - start))]
            wanted = {"to": numbers, "text": "Hello from the bench", "from": "Bench", "title": "Campaign"}
            request = request_bytes(f"{server.api}/batches", server.token, json.dumps(wanted).encode())
            await post_all(f"{server.api}/batches", [request], 1)
        return Figures(0, 0, 0, {})
    server.forget_peak()
    before = server.memory_mb()
    taken_ms: list[float] = []
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {server.token}"}) as session:
        for place in range(sizes.codes):
            number = f"+337{place:08d}"
            asked = time()
            async with session.post(f"{server.api}/verifications", json={"to": number}) as answer:
                assert answer.status == 201, await answer.text()
            sent: str | None = None
            while sent is None:
                async with session.get(f"{server.api}/messages", params={"to": number}) as answer:
                    sent = (await answer.json())["items"][0]["sent_at"]
            taken_ms.append((datetime.fromisoformat(sent).timestamp() - asked) * 1_000)
        async with session.get(f"{server.api.removesuffix('/v1')}/healthz") as answer:
            waiting = (await answer.json())["queued"]
    memory = server.memory_mb(peak=True) - before
    cuts = quantiles(taken_ms, n=100)
    return Figures(cuts[98], 1_000 / PLACES_A_SECOND, memory, {"p50 ms": cuts[49], "waiting messages": waiting})


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
    """Milliseconds of each answer of /healthz until the work is done; a call that starts late is late by that, too."""
    url = f"{server.api.removesuffix('/v1')}/healthz"
    doing = asyncio.create_task(work)
    taken_ms: list[float] = []
    due = perf_counter()
    while not doing.done():
        async with session.get(url) as answer:
            assert answer.status == 200
            await answer.read()
        now = perf_counter()
        taken_ms.append((now - due) * 1_000)
        due = max(due + 0.01, now)
        await asyncio.sleep(due - now)
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
    sent = {"from": "Bench", "text": "Hello", "send_at": _tomorrow()}
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


def _tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


def _smscx(server: MeasuredServer) -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=600)
    return aiohttp.ClientSession(headers={"X-API-KEY": server.smscx["api_key"]}, timeout=timeout)


async def _through_two(near: MeasuredServer, sizes: Sizes, run: int) -> Figures:
    assert near.far is not None
    near.forget_peak()
    before = near.memory_mb()
    seconds = await _one_batch_through(near, sizes.chain, run, 4)
    memory = near.memory_mb(peak=True) - before
    return Figures(seconds, await _one_batch_through(near.far, sizes.chain, run, 5), memory, {})


async def _one_batch_through(server: MeasuredServer, count: int, run: int, case: int) -> float:
    numbers = [f"+336{case}{run % 10}{place:06d}" for place in range(count)]
    parameters = {"name": {number: f"customer {place}" for place, number in enumerate(numbers)}}
    wanted = {"to": numbers, "text": "Hello, ${name}!", "from": "Bench", "parameters": parameters}
    url = f"{server.api}/batches"
    request = request_bytes(url, server.token, json.dumps(wanted).encode())
    started = perf_counter()
    await post_all(url, [request], 1)
    await until_settled(server, 1)
    return perf_counter() - started


async def until_settled(server: MeasuredServer, newest: int) -> None:
    """Returns when every message of the newest batches is delivered."""
    headers = {"Authorization": f"Bearer {server.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        batches: list[str] = []
        before = ""
        while len(batches) < newest:
            async with session.get(f"{server.api}/batches?limit={min(newest, 100)}{before}") as answer:
                page = await answer.json()
            batches += [item["id"] for item in page["items"]]
            before = f"&before={page['next']}"
        for batch_id in reversed(batches[:newest]):
            async with session.get(f"{server.api}/messages?batch_id={batch_id}&limit=1") as answer:
                last = (await answer.json())["items"][0]["id"]
            async with session.get(f"{server.api}/messages/{last}/wait?timeout_s=120"):
                pass
            while True:
                async with session.get(f"{server.api}/batches/{batch_id}/report") as answer:
                    report = await answer.json()
                if report["settled"] == report["total"]:
                    break
