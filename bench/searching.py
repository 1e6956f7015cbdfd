"""How long a search takes in a store full of messages."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import aiohttp
from sqlalchemy import select

from bench.bare import Bare
from bench.cases import Figures, Sizes
from bench.server import MeasuredServer
from bench.stored import sent_at
from heliograph.domain.instants import from_ms, now_ms
from heliograph.store import Store, Tx, open_store
from heliograph.store.batches import NewBatch, accept
from heliograph.store.indexing import index_of, look, note_search, take
from heliograph.store.schema import accounts

AGE = timedelta(hours=3)
AT_ONCE = 1_000
WORDS = 20_000
"""Words of the language of the texts, of which the nth is n times as rare as the first."""
TEXT = 10
"""Words of a text, besides one that no other has."""
ASKED = {
    "frequent": "word0",
    "less-frequent": "word999",
    "rare": "unique7",
    "two-frequent": "word0 word1",
    "two-less-frequent": "word3 word777",
    "frequent-and-rare": "unique7 word0",
    "in-none": "nobody",
}


async def pages(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Milliseconds to the first page of a search, the slowest of frequent and rare words, alone and together. Its
    counterpart is the first page of the list without any.

    The first run, which is not counted, fills the store and indexes it; the server then starts again.
    """
    if not run:
        await asyncio.to_thread(_begin_anew, server, sizes.searched)
        return Figures(0, 0, 0, {})
    server.forget_peak()
    before = server.memory_mb()
    headers = {"Authorization": f"Bearer {server.token}"}
    took: dict[str, float] = {}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def first_page(**query: str) -> float:
            started = perf_counter()
            async with session.get(f"{server.api}/messages", params={"limit": "30", **query}) as answer:
                answer.raise_for_status()
                await answer.read()
            return (perf_counter() - started) * 1_000

        for kind, query in ASKED.items():
            took[kind] = min([await first_page(q=query) for _ in range(3)])
        listed = min([await first_page() for _ in range(3)])
    memory = server.memory_mb(peak=True) - before
    notes = {f"{kind} ms": value for kind, value in took.items()}
    return Figures(max(took.values()), listed, memory, notes)


def _begin_anew(server: MeasuredServer, count: int) -> None:
    server.restart({}, before=lambda: asyncio.run(_fill(server.store_url, server.data_dir, count)))


async def _fill(store_url: str, data_dir: Path, count: int) -> None:
    """Put so many single messages into a store on which no server runs, and index them."""
    store = await open_store(store_url, data_dir)
    try:
        account = await store.read(lambda tx: tx.value(select(accounts.c.id).where(accounts.c.name == "sandbox")))
        started = perf_counter()
        for begin in range(0, count, AT_ONCE):
            new = [_sent(account, place, count) for place in range(begin, min(begin + AT_ONCE, count))]
            await store.write(_accept, new)
        await store.write(_deliver_all)
        sys.stderr.write(f"  {count:,} messages in {perf_counter() - started:.0f} s\n")
        started = perf_counter()
        await _index(store, account)
        sys.stderr.write(f"  indexed in {perf_counter() - started:.0f} s\n")
    finally:
        await store.close()


def _accept(tx: Tx, new: Sequence[NewBatch]) -> int:
    return len(accept(tx, new))


def _deliver_all(tx: Tx) -> None:
    tx.connection.exec_driver_sql("UPDATE messages SET status = 'delivered', provider_ref = id")
    if tx.connection.dialect.name != "sqlite":
        tx.connection.exec_driver_sql("ANALYZE")


async def _index(store: Store, account: str) -> None:
    await store.write(note_search, account, now_ms())
    while True:
        index = await store.read(index_of, account)
        assert index is not None
        step = await store.read(look, index, now_ms())
        await store.write(take, index, step, now_ms())
        if step.is_last:
            return


_chance = random.Random(7)
_words = [f"word{number}" for number in range(WORDS)]
_weights = [1 / (number + 1) for number in range(WORDS)]


def _sent(account: str, place: int, count: int) -> NewBatch:
    at = from_ms(now_ms()) - AGE + AGE * (place / count / 2)
    text = f"{' '.join(_chance.choices(_words, _weights, k=TEXT))} unique{place}"
    return sent_at(at, account, [f"3366{place:07d}"], text)
