"""How long a contact file takes to be in a group, and how much memory that takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter

import aiohttp

from bench.bare import Bare
from bench.cases import Figures, Sizes
from bench.server import MeasuredServer

AT_ONCE = 1_000
"""How many contacts share a commit in the bare counterpart, as in an import."""


async def contact_file(server: MeasuredServer, bare: Bare, sizes: Sizes, run: int) -> Figures:
    """Seconds from the first byte of a CSV file to its last row in a group: five columns, national numbers, none twice.

    Its counterpart is an insert of as many messages.
    """
    if not run:
        return Figures(0, 0, 0, {})
    server.forget_peak()
    before = server.memory_mb()
    headers, timeout = {"Authorization": f"Bearer {server.token}"}, aiohttp.ClientTimeout(total=900)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        query = {"group": f"Bench file {run}", "region": "DE", "file_name": "bench.csv"}
        started = perf_counter()
        async with session.post(f"{server.api}/imports", params=query, data=_file(sizes.imported)) as answer:
            assert answer.status == 202, await answer.text()
            found = await answer.json()
        while found["finished_at"] is None:
            async with session.get(f"{server.api}/imports/{found['id']}", params={"timeout_s": "5"}) as answer:
                found = await answer.json()
        seconds = perf_counter() - started
    assert found["added"] == sizes.imported, found
    memory = server.memory_mb(peak=True) - before
    return Figures(seconds, await bare.insert(sizes.imported, AT_ONCE, 8_000 + run), memory, {})


async def _file(rows: int) -> AsyncIterator[bytes]:
    yield b"Vorname;Nachname;Mobil;E-Mail;Stadt\n"
    for begin in range(0, rows, AT_ONCE):
        lines = (
            f"Anna {place % 997};Muster {place % 3_331};0{151 + place % 9} {place * 37 % 10**8:08d};"
            f"anna{place}@example.org;Ort {place % 500}\n"
            for place in range(begin, min(begin + AT_ONCE, rows))
        )
        yield "".join(lines).encode()
        await asyncio.sleep(0)
