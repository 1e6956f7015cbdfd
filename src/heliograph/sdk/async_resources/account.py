"""What the account has decided for itself."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.calling import AsyncTransport
from heliograph.sdk import calls


class AsyncAccount:
    """What the account has decided for itself."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self) -> wire.Account:
        """With the secret that signs callbacks."""
        return await self._transport.run(calls.get(wire.Account, "account"))

    async def change(self, change: wire.ChangeAccount) -> wire.Account:
        """What `change` leaves out stays, None is none."""
        return await self._transport.run(calls.patch(wire.Account, change, "account"))
