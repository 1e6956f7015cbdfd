"""Driving many calls at once over HTTP: five times as many a second as the other transports can."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from heliograph.calling.calls import Request, Response, Unreachable
from heliograph.calling.transport import ANSWER_S, CONNECT_S, AsyncDriver, address_of, told, with_agent

LONGEST_ANSWER = 16 * 1024 * 1024
"""Longest answer, in bytes, unpacked: a few hundred kilobytes can unpack to hundreds of megabytes."""
KEPT_ALIVE_S = 4.0
"""Seconds, fewer than servers keep an idle connection: a request into one that is being closed ends uncertain."""


#: What aiohttp raises before it has written anything.
_NOT_WRITTEN = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class PooledTransport(AsyncDriver):
    """The driver for many requests at once, on a running event loop of asyncio."""

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        answer_s: float = ANSWER_S,
        at_once: int = 64,
        longest_answer: int = LONGEST_ANSWER,
    ) -> None:
        self._base_url = str(address_of(base_url)).rstrip("/")
        self._answer_s = answer_s
        self._longest_answer = longest_answer
        connector = aiohttp.TCPConnector(limit=at_once, keepalive_timeout=KEPT_ALIVE_S)
        self._session = aiohttp.ClientSession(
            connector=connector, headers=with_agent(headers), cookie_jar=aiohttp.DummyCookieJar()
        )

    async def exchange(self, request: Request) -> Response:
        headers = dict(request.headers)
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        query = f"?{urlencode(request.query)}" if request.query else ""
        address = URL(self._base_url + request.path + query, encoded=True)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=self._answer_s + request.waits_s)
        try:
            async with self._session.request(
                request.method, address, data=request.body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                body = await _whole(answer, self._longest_answer)
        except (aiohttp.ClientError, TimeoutError) as error:
            written = not isinstance(error, _NOT_WRITTEN)
            raise Unreachable(f"{self._base_url} can't be reached: {told(error)}.", written=written) from error
        return Response(answer.status, body, {name.lower(): value for name, value in answer.headers.items()})

    async def close(self) -> None:
        await self._session.close()


async def _whole(answer: aiohttp.ClientResponse, longest: int) -> bytes:
    """Read the body, unpacked. Raises ClientPayloadError once it is longer than `longest`, in bytes."""
    body = bytearray()
    async for block in answer.content.iter_any():
        body += block
        if len(body) > longest:
            raise aiohttp.ClientPayloadError(f"its answer is longer than {longest} bytes")
    return bytes(body)
