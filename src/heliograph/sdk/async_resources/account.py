"""The settings of an account."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.transport import AsyncTransport


class AsyncAccount:
    """The account's own settings."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self) -> wire.Account:
        """Get the settings, with the secret that signs callbacks."""
        return await self._transport.run(calls.get(wire.Account, "account"))

    async def change(self, change: wire.ChangeAccount) -> wire.Account:
        """Change the settings: what `change` leaves out stays, None removes a value."""
        return await self._transport.run(calls.patch(wire.Account, change, "account"))

    async def erase(self, number: str, *, dry_run: bool = False) -> wire.Erasure:
        """Erase a number from all that the account has, but for its opt-out, and say what went. Safe to repeat.

        `dry_run` only says what names it. A message that a provider has stays until it ends: repeat it while
        `on_their_way` is not 0.
        """
        body = wire.EraseOwn(number=number, dry_run=dry_run)
        call = calls.post(wire.Erasure, body, "account", "erasures", waits_s=calls.ERASING_S)
        return await self._transport.run(call)

    async def erasures(self, *, limit: int = 100) -> Sequence[wire.PastErasure]:
        """List the erasures from the account's own data, newest first; of which numbers is not kept."""
        call = calls.get(wire.PastErasures, "account", "erasures", limit=limit)
        return (await self._transport.run(call)).items
