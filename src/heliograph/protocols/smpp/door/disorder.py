"""What the sandbox's SMSC does wrong that is about connections: in which pieces, when, and by which of them.

It is built only by what `sandbox/chaos.py` says, and for the sandbox's own accounts: nobody else pays for it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar

from heliograph.protocols.smpp.door.hostile import drawn
from heliograph.protocols.smpp.wire.codec import Framer
from heliograph.protocols.smpp.wire.pdus import EnquireLinkResp
from heliograph.sandbox.chaos import Chaos

EARLY_S = 5.0
"""A response that waits for its receipt comes then at the latest."""
_MOST_REMEMBERED = 10_000
_GLUED_S = 0.05
_BETWEEN_S, _PIECE = 0.002, 7
_ENQUIRE_LINK_RESP = EnquireLinkResp.command.to_bytes(4, "big")


class Pipe:
    """The octets that go out by one connection: late, in pieces, or not at all. Their order is kept."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.is_deaf = False
        """No enquire_link is answered any more."""
        self._write = write
        self._held = bytearray()
        self._split = False
        self._timer: asyncio.TimerHandle | None = None

    def put(self, data: bytes, chaos: Chaos) -> None:
        """Write whole PDUs, as the chaos has it."""
        if self.is_deaf or drawn(chaos.smpp_deaf):
            data = _without_life(data)
        if drawn(chaos.smpp_split):
            self.split()
        elif drawn(chaos.smpp_glued):
            self.glue()
        if self._timer is None:
            self._write(data)
        else:
            self._held += data

    def glue(self) -> None:
        """Hold what is written next, for a moment, and write it in one piece."""
        self._hold(_GLUED_S, split=False)

    def split(self) -> None:
        """Write what comes next in pieces of a few octets."""
        self._hold(0.0, split=True)

    def empty(self) -> None:
        """Write at once what is held."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._held:
            data = bytes(self._held)
            self._held.clear()
            self._write(data)

    def _hold(self, seconds: float, *, split: bool) -> None:
        if self._timer is None:
            self._split = split
            self._timer = asyncio.get_running_loop().call_later(seconds, self._let_out)

    def _let_out(self) -> None:
        self._timer = None
        if self._split and len(self._held) > _PIECE:
            piece = bytes(self._held[:_PIECE])
            del self._held[:_PIECE]
            self._hold(_BETWEEN_S, split=True)
            self._write(piece)
        else:
            self.empty()


def _without_life(data: bytes) -> bytes:
    pdus, _ = Framer().feed(data)
    return b"".join(pdu for pdu in pdus if pdu[4:8] != _ENQUIRE_LINK_RESP)


T = TypeVar("T")


class Ways(Generic[T]):
    """By whom messages came, whose receipts are to come by another, and which responses wait for a receipt."""

    def __init__(self) -> None:
        self._receiving: dict[str, list[T]] = {}
        self._came_by: OrderedDict[str, T] = OrderedDict()
        self._waiting: dict[str, asyncio.Event] = {}

    @contextmanager
    def joined(self, key: str, client: T) -> Iterator[None]:
        """Take in, for a while, a client that is told what there is for a key."""
        receiving = self._receiving.setdefault(key, [])
        receiving.append(client)
        try:
            yield
        finally:
            receiving.remove(client)
            if not receiving:
                del self._receiving[key]

    def came_by(self, message_id: str, client: T) -> None:
        """Note by whom a message came whose receipt is to come by another."""
        self._came_by[message_id] = client
        if len(self._came_by) > _MOST_REMEMBERED:
            self._came_by.popitem(last=False)

    def other(self, message_id: str, key: str, client: T) -> T:
        """Return who is to be told of a message: not by whom it came, if there is another. Each is told of once."""
        if self._came_by.pop(message_id, None) is not client:
            return client
        return next((each for each in self._receiving.get(key, ()) if each is not client), client)

    async def until_told(self, message_id: str) -> None:
        """Wait until somebody was told of a message, but not for ever."""
        waiting = self._waiting[message_id] = asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(EARLY_S):
                await waiting.wait()
        del self._waiting[message_id]

    def told(self, message_id: str) -> None:
        """Note that somebody was told of a message."""
        if (waiting := self._waiting.get(message_id)) is not None:
            waiting.set()
