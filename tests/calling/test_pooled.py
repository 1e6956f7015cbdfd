"""What the transport of providers takes from a server."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from heliograph.calling import Request, Unreachable
from heliograph.calling.pooled import LONGEST_ANSWER, PooledTransport


@pytest.fixture
async def far() -> AsyncIterator[str]:
    """A server whose answers are small on the wire."""

    async def packed(request: web.Request) -> web.Response:
        content = gzip.compress(b" " * int(request.query["size"]))
        return web.Response(body=content, headers={"Content-Encoding": "gzip"})

    app = web.Application()
    app.router.add_get("/", packed)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_an_answer_that_unpacks_to_more_than_anybody_has_to_say_is_no_answer(far: str) -> None:
    async with PooledTransport(far, {}) as transport:
        whole = await transport.exchange(Request("GET", "/", query={"size": str(LONGEST_ANSWER)}))
        with pytest.raises(Unreachable, match="longer than") as refused:
            await transport.exchange(Request("GET", "/", query={"size": str(10 * LONGEST_ANSWER)}))

    assert len(whole.body) == LONGEST_ANSWER
    assert refused.value.written
