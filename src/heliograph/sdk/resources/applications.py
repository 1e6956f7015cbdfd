"""Programs that act for the account by access tokens of SMS.CX."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.transport import SyncTransport


class Applications:
    """Programs that act for the account by access tokens of SMS.CX."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def create(self, application: wire.NewApplication) -> wire.Application:
        """Create an application; it gets a secret of its own."""
        return self._transport.run(calls.post(wire.Application, application, "applications"))

    def change(self, application_id: str, change: wire.ChangeApplication) -> wire.Application:
        """Change an application: what `change` leaves out stays, also within its settings."""
        return self._transport.run(calls.patch(wire.Application, change, "applications", application_id))

    def delete(self, application_id: str) -> None:
        """Delete an application, and revoke its tokens."""
        self._transport.run(calls.without_answer("DELETE", "applications", application_id))

    def all(self) -> Sequence[wire.Application]:
        """List all applications, newest first."""
        return (self._transport.run(calls.get(wire.Applications, "applications"))).items
