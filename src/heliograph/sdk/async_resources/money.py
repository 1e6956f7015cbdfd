"""What the account has to spend, and where it went."""

from __future__ import annotations

from collections.abc import AsyncIterator

from heliograph.api import wire
from heliograph.calling import AsyncTransport
from heliograph.sdk import calls
from heliograph.sdk.async_resources.listing import items


class AsyncMoney:
    """What the account has to spend, and where it went. Sums are decimals as text: Decimal reads them."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def balance(self) -> wire.Balance:
        """What waiting messages cost is taken off already."""
        return await self._transport.run(calls.get(wire.Balance, "balance"))

    def ledger(self, *, page_size: int = 100) -> AsyncIterator[wire.LedgerEntry]:
        """What changed the balance, newest first; pages are fetched as they are needed."""
        return items(self._transport, wire.LedgerPage, "ledger", limit=page_size)

    async def prices(self) -> wire.Prices:
        """What a part of an SMS costs, by country."""
        return await self._transport.run(calls.get(wire.Prices, "prices"))
