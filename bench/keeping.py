"""What those who send notice of the retention: a store full of old messages, and single sends while it is emptied."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from itertools import count, pairwise
from pathlib import Path
from time import perf_counter

import aiohttp
from sqlalchemy import select, update

from bench.bare import Bare
from bench.cases import GROUP, Figures, Sizes
from bench.load import post_all, request_bytes
from bench.server import MeasuredServer
from bench.stored import sent_at
from heliograph.domain.instants import from_ms, now_ms
from heliograph.store import Tx, open_store
from heliograph.store.base import Lane
from heliograph.store.batches import NewBatch, accept
from heliograph.store.schema import accounts, messages

OLD = timedelta(days=400)
DAYS = {"texts": 30, "numbers": 30, "receipts": 30}
LARGE = 1_000
"""Recipients of each batch of one half of the messages; those of the other half were sent alone."""
ALONE_S = 30.0


async def retention(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Measure the longest time without an answer, in ms, of single sends over 50 connections, while texts, numbers and
    receipts of old messages are forgotten. Its counterpart is the same when nothing is left to be forgotten.

    The first run, which is not counted, fills the store; the server then starts again, with days to keep.
    """
    if not run:
        await asyncio.to_thread(_begin_anew, server, sizes.kept)
        return Figures(0, 0, 0, {})
    server.forget_peak()
    before = server.memory_mb()
    numbers = count()
    rows = 2 * sizes.kept + sizes.kept // 2 + sizes.kept // 2 // LARGE
    await _pauses(server, numbers, asyncio.create_task(asyncio.sleep(1)))  # the server has just started
    beside, beside_s = await _pauses(server, numbers, asyncio.create_task(_until_forgotten(server, rows)))
    alone, alone_s = await _pauses(server, numbers, asyncio.create_task(asyncio.sleep(min(ALONE_S, beside_s))))
    memory = server.memory_mb(peak=True) - before
    notes = {
        "forgotten rows/s": rows / beside_s,
        "sends /s": len(beside) / beside_s,
        "alone /s": len(alone) / alone_s,
        "over-100-ms /min": 60 * sum(pause > 100 for pause in beside) / beside_s,
        "alone /min": 60 * sum(pause > 100 for pause in alone) / alone_s,
    }
    return Figures(max(beside), max(alone), memory, notes)


async def _pauses(
    server: MeasuredServer, numbers: Iterator[int], doing: asyncio.Task[None]
) -> tuple[list[float], float]:
    """Return the milliseconds between any two answers that follow one another until something is done, and the seconds
    that this took."""
    url = f"{server.api}/messages"

    def requests() -> Iterator[bytes]:
        while not doing.done():
            body = {"to": f"+3367{next(numbers):07d}", "text": "Your code is 123456", "from": "Bench"}
            yield request_bytes(url, server.token, json.dumps(body).encode())

    answered: list[float] = []
    started = perf_counter()
    await post_all(url, requests(), GROUP, answered)
    await doing
    return [(after - before) * 1_000 for before, after in pairwise(answered)], perf_counter() - started


async def _until_forgotten(server: MeasuredServer, rows: int) -> None:
    """Wait until the retention has counted so many rows."""
    url = f"{server.api.removesuffix('/v1')}/metrics"
    forgotten = 0.0
    async with aiohttp.ClientSession() as session:
        while forgotten < rows:
            await asyncio.sleep(0.25)
            async with session.get(url) as answer:
                lines = (await answer.text()).splitlines()
            forgotten = sum(float(each.split()[-1]) for each in lines if each.startswith("heliograph_retention_rows_t"))
    sys.stderr.write(f"  {forgotten:,.0f} rows are forgotten\n")


def _begin_anew(server: MeasuredServer, old: int) -> None:
    environment = {"HELIOGRAPH_RETENTION": json.dumps(DAYS)}
    server.restart(environment, before=lambda: asyncio.run(_fill(server.store_url, server.data_dir, old)))


async def _fill(store_url: str, data_dir: Path, old: int) -> None:
    """Put so many messages into a store on which no server runs: long ago they were sent and delivered."""
    store = await open_store(store_url, data_dir)
    try:
        account = await store.read(lambda tx: tx.value(select(accounts.c.id).where(accounts.c.name == "sandbox")))
        places = [*range(0, old // 2, LARGE), *range(old // 2, old)]
        for begin in range(0, len(places), 500):
            some = places[begin : begin + 500]
            new = [
                _sent_once(account, place, min(LARGE, old // 2 - place) if place < old // 2 else 1) for place in some
            ]
            await asyncio.gather(*(store.write_item(accept, each, Lane.ACCEPT) for each in new))
        await store.write(_deliver_all)
    finally:
        await store.close()


def _sent_once(account: str, place: int, recipients: int) -> NewBatch:
    at = from_ms(now_ms()) - OLD + timedelta(milliseconds=place)
    return sent_at(at, account, [f"3366{place + each:07d}" for each in range(recipients)], "Your code is 123456")


def _deliver_all(tx: Tx) -> None:
    was = messages.c.created_at
    done = {
        "status": "delivered",
        "provider": "sandbox",
        "provider_ref": messages.c.id,
        "sent_at": was,
        "settled_at": was,
    }
    tx.run(update(messages).values(**done))
