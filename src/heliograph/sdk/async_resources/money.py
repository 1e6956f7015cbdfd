"""The account's balance, its changes, and the prices of messages."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.async_resources.listing import AsyncListing, items
from heliograph.sdk.transport import AsyncTransport


class AsyncMoney:
    """The account's balance, its changes, and prices. Sums are decimals as text, which Decimal reads."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def balance(self) -> wire.Balance:
        """Get the balance; the price of messages that wait is deducted already."""
        return await self._transport.run(calls.get(wire.Balance, "balance"))

    def ledger(self, *, page_size: int = 100) -> AsyncListing[wire.LedgerEntry]:
        """Iterate over what changed the balance, newest first; pages are fetched as they are needed."""
        return items(self._transport, wire.LedgerPage, "ledger", limit=page_size)

    async def prices(self) -> wire.Prices:
        """List what a part of an SMS costs, by country."""
        return await self._transport.run(calls.get(wire.Prices, "prices"))
