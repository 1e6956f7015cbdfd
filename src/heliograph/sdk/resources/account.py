"""The settings of an account."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.calling import SyncTransport
from heliograph.sdk import calls


class Account:
    """The account's own settings."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def get(self) -> wire.Account:
        """Get the settings, with the secret that signs callbacks."""
        return self._transport.run(calls.get(wire.Account, "account"))

    def change(self, change: wire.ChangeAccount) -> wire.Account:
        """Change the settings: what `change` leaves out stays, None removes a value."""
        return self._transport.run(calls.patch(wire.Account, change, "account"))
