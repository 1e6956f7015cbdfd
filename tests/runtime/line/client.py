"""A client of the line protocol, as a customer would have it."""

from __future__ import annotations

import itertools
import socket
from collections import deque
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from . import wire

Told = wire.Receipt | wire.Inbound


class LineClient:
    """Stays connected until it is closed. Waits for answers for a minute at most."""

    def __init__(self, address: str, key: str | None = None) -> None:
        """Logs in if there is a key."""
        parts = urlsplit(address)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=60)
        self._lines = self._socket.makefile("rb")
        self._told: deque[Told] = deque()
        self._sequence = itertools.count(1)
        self.welcome = None if key is None else self.ask(wire.Login(key))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def say(self, line: wire.FromClient | bytes) -> None:
        self._socket.sendall(line if isinstance(line, bytes) else wire.encode(line))

    def next(self) -> wire.FromServer:
        """What the server says next. EOFError once it has closed the connection."""
        line = self._lines.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return wire.decode_from_server(line)

    def ask(self, line: wire.FromClient | bytes) -> wire.FromServer:
        """What the server answers; events that come before are kept."""
        self.say(line)
        while isinstance(answer := self.next(), Told):
            self._told.append(answer)
        return answer

    def send(self, to: str, text: str) -> str:
        """The identifier of a message that was accepted."""
        answer = self.ask(wire.Send(next(self._sequence), to, text))
        assert isinstance(answer, wire.Accepted), answer
        return answer.message_id

    def told(self) -> Told:
        """The next event."""
        if self._told:
            return self._told.popleft()
        line = self.next()
        assert isinstance(line, Told), line
        return line

    def take(self) -> Told:
        """The next event, acknowledged."""
        told = self.told()
        self.say(wire.Taken(told.id))
        return told
