"""Connections that may not take more than their share.

**The problem.** A connection costs a file and some memory, and whoever opens many, or sends a request a byte a minute,
can hold them for nothing. uvicorn bounds none of that: it waits for ever for headers that began, for a body, and for a
client that does not read.

**Phases.** A connection waits for a request (IDLE), its headers come (HEADERS), its body comes (BODY), or it is
answered (ANSWER), and then it waits again. What a caller can draw out is bounded in each: the headers in bytes, in
number and in time, the body in time and pace, the reading of an answer in time. How long the answer itself takes is up
to us, as with events that are pushed; so a connection that is answered is never closed for its age.

**How it is timed.** Nothing is timed for each request. A connection notes when its phase began, and once a second all
of them are looked at, so that what is quick costs two attributes. A limit is kept to within that second.

**Who gives way.** Where there is no place left, in all or for one address, the connection that has waited longest
without a complete request gives up its own: whoever holds half-sent requests open shuts out nobody but themselves. Only
if all are being answered the new one is refused.

**What the application sees.** A refusal is written past it, in one line, unless its answer has begun. A handler that is
still reading the body of a request that is given up learns that the client is gone.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterable
from enum import Enum
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from heliograph.runtime.settings import Settings

LOOK_EVERY_S = 1.0
SLOWEST_BYTES_PER_S = 1_024
"""Bytes a second: a body that comes more slowly than this, after its first pause, is not waited for."""
LOCAL = "127.0.0.1"
UNREAD_S = 60.0
"""How long an answer may lie unread, in seconds."""
RESERVED_FILES = 256
"""How many files are not callers' connections: the store, providers, receivers of callbacks."""


class ConnectionLimits(msgspec.Struct, frozen=True, kw_only=True):
    header_bytes: int
    headers: int
    header_timeout_s: float
    body_timeout_s: float
    idle_timeout_s: float
    connections: int
    connections_per_address: int
    """How many connections an address may have; 0: as many as there are in all."""


def limits_of(settings: Settings) -> ConnectionLimits:
    return msgspec.convert(settings, ConnectionLimits, from_attributes=True)


class Phase(Enum):
    IDLE = "idle"
    HEADERS = "headers"
    BODY = "body"
    ANSWER = "answer"


class Connections:
    """All connections of one server."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._most = min(limits.connections, _files_allowed() - RESERVED_FILES)
        self._open: dict[LimitedProtocol, None] = {}
        """The open connections, oldest first."""
        self._of_address: dict[str, int] = {}
        self._next_look: asyncio.TimerHandle | None = None

    def protocol(self, *arguments: Any, **named: Any) -> LimitedProtocol:
        """Make the protocol of a new connection, as uvicorn asks for it."""
        return LimitedProtocol(self, *arguments, **named)

    def opened(self, connection: LimitedProtocol) -> bool:
        """Note a new connection; return False if there is no place for it."""
        of_address = self._of_address.get(connection.address, 0)
        per_address = self.limits.connections_per_address
        if per_address and connection.address and of_address >= per_address:
            own = (each for each in self._open if each.address == connection.address)
            if not _give_up_one(own):
                return False
        elif len(self._open) >= self._most and not _give_up_one(self._open):
            return False
        self._open[connection] = None
        self._of_address[connection.address] = self._of_address.get(connection.address, 0) + 1
        if self._next_look is None:
            self._next_look = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look)
        return True

    def closed(self, connection: LimitedProtocol) -> None:
        """Forget a connection. Safe to repeat."""
        if connection not in self._open:
            return
        del self._open[connection]
        left = self._of_address[connection.address] - 1
        if left:
            self._of_address[connection.address] = left
        else:
            del self._of_address[connection.address]

    def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in list(self._open):
            connection.look(now)
        self._next_look = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look) if self._open else None


def _give_up_one(connections: Iterable[LimitedProtocol]) -> bool:
    """Close the connection that has waited longest without a complete request; return False if all are being served."""
    waiting = [each for each in connections if each.phase is not Phase.ANSWER]
    if not waiting:
        return False
    min(waiting, key=lambda each: each.since).give_up()
    return True


class TooManyHeaders(Exception):
    """A request has too many headers; raised into the parser, to stop it."""


class LimitedProtocol(HttpToolsProtocol):
    def __init__(self, connections: Connections, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._all = connections
        self._limits = connections.limits
        self.phase = Phase.IDLE
        self.since = self.loop.time()
        """Time at which the phase began, on the loop's clock."""
        self.address = ""
        self._header_bytes = 0
        self._body_bytes = 0
        self._unread_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client is None:  # by a Unix socket: somebody on this machine
            self.client = (LOCAL, 0)
        else:
            self.address = self.client[0]
        if not self._all.opened(self):
            self._refuse(503, "There are too many connections.")

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.closed(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        # Bytes are counted before it is known whose they are: the count begins anew when the headers are complete.
        if self.phase is not Phase.BODY:
            self._header_bytes += len(data)
        super().data_received(data)
        if self.phase is Phase.HEADERS and self._header_bytes > self._limits.header_bytes:
            self._refuse(431, "The headers are too large.")

    def send_400_response(self, msg: str) -> None:
        # The parser hides what it was stopped by, so this asks again why.
        if self.phase is Phase.HEADERS and self._too_many:
            self._refuse(431, "The headers are too many, or too large.")
        else:
            super().send_400_response(msg)

    @property
    def _too_many(self) -> bool:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        return len(self.headers) > self._limits.headers or size > self._limits.header_bytes

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begin(Phase.HEADERS)

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if len(self.headers) > self._limits.headers:
            raise TooManyHeaders

    def on_headers_complete(self) -> None:
        if self._too_many:
            raise TooManyHeaders
        self._header_bytes = self._body_bytes = 0
        self._begin(Phase.BODY)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._begin(Phase.IDLE if self.cycle.response_complete else Phase.ANSWER)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.phase is Phase.ANSWER and not self.pipeline:
            self._begin(Phase.IDLE)

    def pause_writing(self) -> None:
        self._unread_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._unread_since = None
        super().resume_writing()

    def look(self, now: float) -> None:
        """Close the connection if its phase has taken too long."""
        waited = now - self.since
        unread = self._unread_since is not None and now - self._unread_since > UNREAD_S
        if unread or (waited > UNREAD_S and self.transport.is_closing()):
            self.transport.abort()
        elif self.phase is Phase.HEADERS and waited > self._limits.header_timeout_s:
            self._refuse(408, "The headers did not come in time.")
        elif self.phase is Phase.BODY and waited > self._limits.body_timeout_s + self._body_bytes / SLOWEST_BYTES_PER_S:
            self.give_up()
        # Between requests uvicorn closes by itself; this is for those who have not begun their first.
        elif self.phase is Phase.IDLE and waited > max(self._limits.idle_timeout_s, self._limits.header_timeout_s):
            self.transport.close()

    def give_up(self) -> None:
        """End a request that has not been asked completely. Whoever reads its body learns that nobody is there."""
        if self.phase is Phase.BODY and not self.cycle.response_started:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._refuse(408, "The request did not come in time.")

    def _begin(self, phase: Phase) -> None:
        self.phase = phase
        self.since = self.loop.time()

    def _refuse(self, status: int, sentence: str) -> None:
        """Answer in one sentence, if nothing is being answered, and close, whether or not that is read."""
        self._all.closed(self)
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            body = f"{sentence}\n".encode()
            head = f"HTTP/1.1 {status} \r\ncontent-type: text/plain\r\ncontent-length: {len(body)}\r\n"
            self.transport.write(f"{head}connection: close\r\n\r\n".encode() + body)
        self.transport.close()
        if self.transport.get_write_buffer_size():  # nobody reads: it would be waited for without an end
            self.transport.abort()


def _files_allowed() -> int:
    """Raise the number of files that this process may open to what the system grants it, and return that number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        return soft
    return hard if hard != resource.RLIM_INFINITY else 1_000_000
