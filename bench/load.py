"""A load generator that costs little itself: keep-alive connections, each with one request on its way at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import cast
from urllib.parse import urlsplit


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the last is answered, until there is none."""

    def __init__(
        self,
        next_request: Callable[[], bytes | None],
        finished: asyncio.Future[None],
        latencies: list[float],
        answered: list[float],
    ) -> None:
        self._next_request = next_request
        self._finished = finished
        self._latencies = latencies
        self._answered = answered
        self._buffer = b""
        self._need = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def _send(self) -> None:
        request = self._next_request()
        if request is None:
            self._transport.close()
            self._finished.set_result(None)
            return
        self._started = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._need:
            head = self._buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            if not self._buffer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 302")):
                self._finished.set_exception(RuntimeError(self._buffer[:500].decode()))
                self._transport.close()
                return
            place = self._buffer.lower().index(b"content-length:") + 15
            length = int(self._buffer[place : self._buffer.index(b"\r", place)])
            self._need = head + 4 + length
        if len(self._buffer) >= self._need:
            self._buffer = self._buffer[self._need :]
            self._need = 0
            now = time.perf_counter()
            self._latencies.append(now - self._started)
            self._answered.append(now)
            self._send()


def request_bytes(url: str, token: str, body: bytes) -> bytes:
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get_bytes(url: str) -> bytes:
    parts = urlsplit(url)
    return f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()


async def post_all(
    url: str, requests: Iterable[bytes], connections: int, answered: list[float] | None = None
) -> tuple[float, list[float]]:
    """Posts prepared requests over that many connections; seconds in all, and each request's latency.

    The moments of the answers are added to `answered`, in the order in which they come."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    waiting = iter(requests)
    latencies: list[float] = []
    moments = [] if answered is None else answered
    finished = [loop.create_future() for _ in range(connections)]
    started = time.perf_counter()
    for done in finished:
        await loop.create_connection(
            lambda done=done: _Connection(lambda: next(waiting, None), done, latencies, moments),
            parts.hostname,
            parts.port,
        )
    await asyncio.gather(*finished)
    return time.perf_counter() - started, latencies


class Receiver:
    """A customer's server that answers every callback at once."""

    def __init__(self) -> None:
        self.count = 0
        self.url: str
        self._wanted = 0
        self._reached = asyncio.Event()
        self._server: asyncio.Server

    async def __aenter__(self) -> Receiver:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Answering(self), "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/told"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    def came(self) -> None:
        self.count += 1
        if self.count == self._wanted:
            self._reached.set()

    async def until(self, count: int) -> None:
        """Returns when so many callbacks have come."""
        self._wanted = count
        if self.count < count:
            await self._reached.wait()


class _Answering(asyncio.Protocol):
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            place = self._buffer.lower().find(b"content-length:", 0, head) + 15
            end = head + 4  # a GET has no body
            if place >= 15:
                end += int(self._buffer[place : self._buffer.index(b"\r", place)])
            if len(self._buffer) < end:
                return
            self._buffer = self._buffer[end:]
            self._transport.write(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
            self._receiver.came()
