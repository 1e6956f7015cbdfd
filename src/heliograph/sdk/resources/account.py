"""What the account has decided for itself."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.calling import SyncTransport
from heliograph.sdk import calls


class Account:
    """What the account has decided for itself."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def get(self) -> wire.Account:
        """With the secret that signs callbacks."""
        return self._transport.run(calls.get(wire.Account, "account"))

    def change(self, change: wire.ChangeAccount) -> wire.Account:
        """What `change` leaves out stays, None is none."""
        return self._transport.run(calls.patch(wire.Account, change, "account"))
