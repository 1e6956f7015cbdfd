"""Programs that act for the account by access tokens of SMS.CX."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.api import wire
from heliograph.calling import SyncTransport
from heliograph.sdk import calls


class Applications:
    """Programs that act for the account by access tokens of SMS.CX."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def create(self, application: wire.NewApplication) -> wire.Application:
        """With a secret of its own."""
        return self._transport.run(calls.post(wire.Application, application, "applications"))

    def change(self, application_id: str, change: wire.ChangeApplication) -> wire.Application:
        """What `change` leaves out stays, also within its settings."""
        return self._transport.run(calls.patch(wire.Application, change, "applications", application_id))

    def delete(self, application_id: str) -> None:
        """With its tokens, which are good no longer."""
        self._transport.run(calls.without_answer("DELETE", "applications", application_id))

    def all(self) -> Sequence[wire.Application]:
        """Newest first."""
        return (self._transport.run(calls.get(wire.Applications, "applications"))).items
