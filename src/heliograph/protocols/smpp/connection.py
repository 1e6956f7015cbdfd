"""A session of SMPP on a connection: asyncio around `session.py`, for either side.

What is asked and answered in one turn of the event loop is written together. While the other side does not read, or we
owe it more answers than `MOST_OWED`, nothing more is read: so nobody makes this process hold more than that.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

from heliograph.protocols.smpp.session import Answered, Ended, Ending, Event, Session, SessionOver, Unanswered
from heliograph.protocols.smpp.wire.pdus import Pdu

MOST_OWED = 1_000
CLOSING_S = 5.0
"""How long a goodbye may take."""

Heard = Callable[[Sequence[Event]], None]


class NoAnswer(Exception):
    """The peer did not answer a request: why, in a few words."""


class Connection(asyncio.Protocol):
    """One connection, whose events go to `on_events`, but for answers to what was asked by `ask`."""

    def __init__(self, make: Callable[[float], Session], on_events: Heard) -> None:
        """Make the session by `make`, whose argument is what the clock shows. The last event is an `Ended`."""
        self._loop = asyncio.get_running_loop()
        self.session = make(self._loop.time())
        self.ended: asyncio.Future[Ending] = self._loop.create_future()
        self._on_events = on_events
        self._asked: dict[int, asyncio.Future[Pdu]] = {}
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._flushing = False
        self._peer_reads = True
        self._reading = True

    # -- what we say

    def request(self, pdu: Pdu) -> int:
        """Ask for something: its answer is an event with this sequence number. SessionOver, Unencodable."""
        sequence = self.session.request(pdu, self._loop.time())
        self._flush_soon()
        return sequence

    async def ask(self, pdu: Pdu) -> Pdu:
        """Ask for something, and wait for what it is answered. NoAnswer, Unencodable."""
        try:
            sequence = self.request(pdu)
        except SessionOver as error:
            raise NoAnswer(Ending.LOST) from error
        answer: asyncio.Future[Pdu] = self._loop.create_future()
        self._asked[sequence] = answer
        return await answer

    def respond(self, pdu: Pdu) -> None:
        """Answer a request of the peer's."""
        self.session.respond(pdu)
        self._flush_soon()
        self._read_or_wait()

    def leave_unanswered(self) -> None:
        """Take note that a request of the peer's gets no answer."""
        self.session.leave_unanswered()
        self._read_or_wait()

    async def close(self) -> None:
        """Say goodbye, and return when the connection is closed."""
        self.session.unbind(self._loop.time())
        self._flush()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self.ended), CLOSING_S)
        self.hang_up()

    def hang_up(self) -> None:
        """Close the connection once what was said is written: soon, whether the peer reads it or not."""
        self._flush()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()
            self._loop.call_later(CLOSING_S, self.abort)

    def abort(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    # -- what asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if (found := transport.get_extra_info("socket")) is not None and found.family != socket.AF_UNIX:
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._wake_when_due()

    def data_received(self, data: bytes) -> None:
        self._tell(self.session.receive(data, self._loop.time()))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._tell(self.session.lost())

    def pause_writing(self) -> None:
        self._peer_reads = False
        self._read_or_wait()

    def resume_writing(self) -> None:
        self._peer_reads = True
        self._read_or_wait()

    # -- inside

    def write(self, data: bytes) -> None:
        """Write whole PDUs, unless the connection is gone."""
        if self._transport is not None:
            self._transport.write(data)

    def _tell(self, events: list[Event]) -> None:
        others = [event for event in events if not self._settle(event)] if self._asked else events
        if others:
            self._on_events(others)
        self._flush()
        self._read_or_wait()
        if events and isinstance(ended := events[-1], Ended):
            self._finish(ended.ending)
        else:
            self._wake_when_due()

    def _settle(self, event: Event) -> bool:
        """Hand an event to whom it is an answer for; False if nobody waits for it."""
        if not isinstance(event, Answered | Unanswered):
            return False
        waiting = self._asked.pop(event.sequence, None)
        if waiting is None:
            return False
        if not waiting.done():
            if isinstance(event, Answered):
                waiting.set_result(event.response)
            else:
                waiting.set_exception(NoAnswer(event.why))
        return True

    def _finish(self, ending: Ending) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self.ended.done():
            self.ended.set_result(ending)
        self.hang_up()

    def _flush_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        data = self.session.output()
        if data:
            self.write(data)
            self._wake_when_due()

    def _read_or_wait(self) -> None:
        """Read on, or not, as far as the peer takes what we say, and we have answered what it has."""
        reading = self._peer_reads and self.session.owed < MOST_OWED
        if reading == self._reading or self._transport is None or self._transport.is_closing():
            return
        self._reading = reading
        if reading:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _wake_when_due(self) -> None:
        """Set a timer, unless there is one that rings in time: if it rings too early, it is set anew."""
        due = self.session.next_due()
        if self._timer is not None and not self._timer.cancelled() and self._timer.when() <= due:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if due == float("inf") else self._loop.call_at(due, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self._tell(self.session.tick(self._loop.time()))


async def connect(
    host: str,
    port: int,
    make: Callable[[float], Session],
    on_events: Heard,
    *,
    tls: ssl.SSLContext | None = None,
    timeout_s: float = 10.0,
) -> Connection:
    """Open a connection. OSError (TimeoutError, ssl.SSLError among them) if that can't be."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(timeout_s):
        _, connection = await loop.create_connection(
            lambda: Connection(make, on_events), host, port, ssl=tls, server_hostname=host if tls else None
        )
    return connection
