"""What is measured. Each case is one run and answers with its figures; the runner repeats it."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from time import perf_counter, time

import aiohttp
from yarl import URL

from bench.bare import Bare
from bench.load import Receiver, post_all, request_bytes
from bench.server import MeasuredServer
from heliograph.engine.receivers import QUICK

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
    told: int = 10_000
    recipients: int = 100_000
    smpp: int = 20_000
    sdk: int = 2_000
    kept: int = 40_000
    """Old messages of which something is forgotten."""
    searched: int = 1_000_000
    imported: int = 1_000_000
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


async def called_back(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Callbacks a second to a receiver that answers at once, from the request to send to the last of two a message.

    Its counterpart is as many requests to that receiver, over as many connections as it is given.
    """
    wanted = json.loads(_body(sizes.told, run, 9)) | {"report": "per_recipient"}
    count = 2 * sizes.told
    server.forget_peak()
    before = server.memory_mb()
    async with Receiver() as receiver:
        body = json.dumps(wanted | {"callback_url": receiver.url}).encode()
        started = perf_counter()
        await post_all(f"{server.api}/batches", [request_bytes(f"{server.api}/batches", server.token, body)], 1)
        await receiver.until(count)
        seconds = perf_counter() - started
        memory = server.memory_mb(peak=True) - before
        event = request_bytes(receiver.url, server.token, b" " * 300)
        bare_seconds, _ = await post_all(receiver.url, [event] * count, QUICK)
    return Figures(count / seconds, count / bare_seconds, memory, {})


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
    wanted = {"to": numbers, "from": "Bench", "text": "Hello", "scheduledDate": tomorrow()}
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
            wanted = {"to": numbers, "text": "Hello from the bench", "from": "Bench", "send_at": tomorrow()}
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


def tomorrow() -> str:
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
