"""Clients that stay connected: what they are told, and where it is kept for when they are not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from heliograph.domain.accounts import Principal, Scope
from heliograph.domain.callbacks import receiver_of, session_sink
from heliograph.engine.engine import Engine
from heliograph.engine.sessions import Session


class ClientSessions:
    def __init__(self, engine: Engine) -> None:
        self._sessions = engine.sessions

    def sink_of(self, caller: Principal, protocol: str) -> str:
        """Return the sink for what comes of this caller's messages: whoever is connected with its key, now or later."""
        return session_sink(protocol, caller.public_id)

    @contextmanager
    def joined(self, caller: Principal, protocol: str, session: Session) -> Iterator[None]:
        """Tell a client, while inside, what comes of what was sent with its key.

        If it may read them, its account's inbound messages too. Each event goes to one of the clients that it could go
        to.
        """
        account = caller.account.id
        receivers = [receiver_of(account, self.sink_of(caller, protocol))]
        if Scope.INBOUND_READ in caller.scopes:
            receivers.append(receiver_of(account, session_sink(protocol)))
        self._sessions.join(receivers, session)
        try:
            yield
        finally:
            self._sessions.leave(session)
