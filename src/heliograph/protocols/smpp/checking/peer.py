"""A connection to an SMSC that is examined: it keeps what comes as it comes, and may say what a session never would.

`session.py` bears what peers do wrong; here it is to be seen, so this reads PDUs by the codec alone. What the SMSC asks
is answered as a session does, at once.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple, cast

from heliograph.domain.instants import now_ms
from heliograph.protocols.smpp.provider.config import Address
from heliograph.protocols.smpp.session import Oddity
from heliograph.protocols.smpp.wire.codec import HEADER, Framer, decode, encode
from heliograph.protocols.smpp.wire.pdus import (
    DataSm,
    DeliverSm,
    EnquireLink,
    GenericNack,
    Pdu,
    Unbind,
    Undecodable,
    response_to,
)
from heliograph.protocols.smpp.wire.status import CommandStatus

_HEAD = Struct(">IIII")


class PeerGone(Exception):
    """The SMSC has closed the connection, or says what is no SMPP."""


class Answer(NamedTuple):
    pdu: Pdu
    order: int
    """Among all that came, by all connections of a check."""


class Told(NamedTuple):
    """A message that the SMSC sent."""

    pdu: DeliverSm | DataSm
    order: int
    at_ms: int
    """When it came, in milliseconds since 1970."""


class Peer(asyncio.Protocol):
    """One connection; several that belong together share `orders` and `told`."""

    def __init__(self, orders: Iterator[int], told: list[Told]) -> None:
        self.told = told
        self.oddities: Counter[Oddity] = Counter()
        self.tags: set[int] = set()
        """Of optional parameters that came."""
        self.is_over = False
        self.says_no_smpp = False
        self.unbound = False
        """The SMSC has said that it goes."""
        self._orders = orders
        self._framer = Framer()
        self._sequence = 0
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._late: set[int] = set()
        self._transport: asyncio.Transport | None = None
        self._news = asyncio.Event()

    # -- what is said

    def send(self, *pdus: Pdu) -> list[asyncio.Future[Answer]]:
        """Write requests in one piece: what each will be answered. PeerGone."""
        written, futures = zip(*map(self._prepared, pdus), strict=True)
        self.write(b"".join(written))
        return list(futures)

    def send_split(self, pdu: Pdu) -> tuple[bytes, bytes, asyncio.Future[Answer]]:
        """Make a request that is to be written in two pieces."""
        octets, future = self._prepared(pdu)
        return octets[: HEADER // 2], octets[HEADER // 2 :], future

    def send_unknown(self, command: int) -> asyncio.Future[Answer]:
        """Write a request with a command that there is not. PeerGone."""
        sequence, future = self._expect()
        self.write(_HEAD.pack(HEADER, command, 0, sequence))
        return future

    def write(self, octets: bytes) -> None:
        if self.is_over or self._transport is None:
            raise PeerGone
        self._transport.write(octets)

    async def answers(self, futures: list[asyncio.Future[Answer]], within_s: float) -> list[Answer | None]:
        """Wait for answers; None for each that has not come in time. PeerGone if none can come any more."""
        await asyncio.wait(futures, timeout=within_s)
        for sequence, future in list(self._waiting.items()):
            if future in futures and not future.done():
                del self._waiting[sequence]
                self._late.add(sequence)
        return [future.result() if future.done() else None for future in futures]

    async def ask(self, pdu: Pdu, within_s: float) -> Answer | None:
        """Ask for one thing. PeerGone."""
        (found,) = await self.answers(self.send(pdu), within_s)
        return found

    async def news(self) -> None:
        """Wait until something comes, or the connection ends."""
        if not self.is_over:
            self._news.clear()
            await self._news.wait()

    async def close(self, within_s: float) -> bool | None:
        """Say goodbye, and close; whether that was answered, None if there was nobody to say it to."""
        answered: bool | None = None
        try:
            if not self.is_over:
                answered = await self.ask(Unbind(), within_s) is not None
        except PeerGone:
            answered = False
        self.hang_up()
        return answered

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _prepared(self, pdu: Pdu) -> tuple[bytes, asyncio.Future[Answer]]:
        sequence, future = self._expect()
        return encode(pdu, sequence), future

    def _expect(self) -> tuple[int, asyncio.Future[Answer]]:
        self._sequence += 1
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[self._sequence] = future
        return self._sequence, future

    # -- what comes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        complete, bad = self._framer.feed(data)
        for each in complete:
            self._take(decode(each))
        if bad is not None:
            self.says_no_smpp = True
            self.hang_up()
            self._end()
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def _take(self, pdu: Pdu | Undecodable) -> None:
        if isinstance(pdu, Undecodable):
            self.oddities[Oddity.UNDECODABLE] += 1
            if pdu.command_id < 0x8000_0000:
                self._say(GenericNack(pdu.sequence, int(pdu.why)))
            return
        if pdu.rest:
            self.oddities[Oddity.STRAY_OCTETS] += 1
        self.tags.update(tag for tag, _ in pdu.tlvs)
        if pdu.is_response:
            self._take_response(pdu)
            return
        if isinstance(pdu, DeliverSm | DataSm):
            self.told.append(Told(pdu, next(self._orders), now_ms()))
        kind = response_to(pdu.command)
        if isinstance(pdu, DeliverSm | DataSm | EnquireLink | Unbind) and kind is not None:
            self._say(kind(pdu.sequence))
        elif kind is not None:
            self._say(kind(pdu.sequence, int(CommandStatus.RINVBNDSTS)))
        self.unbound |= isinstance(pdu, Unbind)

    def _take_response(self, pdu: Pdu) -> None:
        future = self._waiting.pop(pdu.sequence, None)
        if future is not None and not future.done():
            future.set_result(Answer(pdu, next(self._orders)))
        elif pdu.sequence in self._late:
            self._late.discard(pdu.sequence)
            self.oddities[Oddity.LATE] += 1
        else:
            self.oddities[Oddity.UNMATCHED] += 1

    def _say(self, pdu: Pdu) -> None:
        if self._transport is not None:
            self._transport.write(encode(pdu))

    def _end(self) -> None:
        self.is_over = True
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(PeerGone())
                future.exception()  # whoever gave up waiting is not told again
        self._news.set()


async def reach(
    address: Address, tls: ssl.SSLContext | None, orders: Iterator[int], told: list[Told], within_s: float
) -> Peer:
    """Connect. OSError, TimeoutError and ssl.SSLError among them."""
    async with asyncio.timeout(within_s):
        _, peer = await asyncio.get_running_loop().create_connection(
            lambda: Peer(orders, told), *address, ssl=tls, server_hostname=address.host if tls else None
        )
    return peer
