"""Connected clients as receivers of events: who of them is here, and how an event comes to one."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence

from heliograph.domain.callbacks import Event
from heliograph.engine.sinks import Delivery, Fate, Sink


class SessionEnded(Exception):
    """The connection ended before the client acknowledged an event."""


class Session(ABC):
    """A connected client that can be told events."""

    @abstractmethod
    async def push(self, event: Event) -> Delivery:
        """Tell the client an event, and return what it answers. Raises SessionEnded if the connection ends before.

        Called for several events at once; one that was not acknowledged may come again, here or in another session,
        with the same id. Cancelled when the client takes too long.
        """

    @abstractmethod
    def close(self) -> None:
        """End the connection, because the client does not acknowledge."""


class Sessions(Sink):
    """All connected clients of this process, by the receivers that they are."""

    def __init__(self, on_joined: Callable[[], None]) -> None:
        """Call `on_joined` when a receiver may have come."""
        self._on_joined = on_joined
        self.acknowledged_within_s = 30.0
        """How long a client may take, in seconds, before it is taken to be gone."""
        self._here: dict[str, deque[Session]] = {}
        """The sessions of each receiver, never none; who was told something last is at the end."""
        self._receivers: dict[Session, Sequence[str]] = {}

    def join(self, receivers: Sequence[str], session: Session) -> None:
        """Let a client be told the events of these receivers from now on."""
        self._receivers[session] = receivers
        for receiver in receivers:
            self._here.setdefault(receiver, deque()).append(session)
        self._on_joined()

    def leave(self, session: Session) -> None:
        """Tell a client nothing more. Safe to repeat."""
        for receiver in self._receivers.pop(session, ()):
            sessions = self._here[receiver]
            sessions.remove(session)
            if not sessions:
                del self._here[receiver]

    @property
    def anyone(self) -> bool:
        """Say whether any client is connected."""
        return bool(self._receivers)

    def reaches(self, receiver: str) -> bool:
        return receiver in self._here

    async def deliver(self, event: Event) -> Delivery:
        """Push an event to one client, or to the next if the connection ends meanwhile, until one says something to it.

        Takes hardly longer than one client may: a lease must not end while somebody still has the event.
        """
        while (sessions := self._here.get(event.receiver)) is not None:
            session = sessions[0]
            sessions.rotate(-1)  # events are shared out among the sessions of a receiver
            try:
                async with asyncio.timeout(self.acknowledged_within_s):
                    return await session.push(event)
            except SessionEnded:
                self.leave(session)
            except TimeoutError:
                self.leave(session)
                session.close()
                break
        return Delivery(Fate.NOBODY)
