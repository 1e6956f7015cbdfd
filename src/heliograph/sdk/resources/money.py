"""What the account has to spend, and where it went."""

from __future__ import annotations

from collections.abc import Iterator

from heliograph.api import wire
from heliograph.calling import SyncTransport
from heliograph.sdk import calls
from heliograph.sdk.resources.listing import items


class Money:
    """What the account has to spend, and where it went. Sums are decimals as text: Decimal reads them."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def balance(self) -> wire.Balance:
        """What waiting messages cost is taken off already."""
        return self._transport.run(calls.get(wire.Balance, "balance"))

    def ledger(self, *, page_size: int = 100) -> Iterator[wire.LedgerEntry]:
        """What changed the balance, newest first; pages are fetched as they are needed."""
        return items(self._transport, wire.LedgerPage, "ledger", limit=page_size)

    def prices(self) -> wire.Prices:
        """What a part of an SMS costs, by country."""
        return self._transport.run(calls.get(wire.Prices, "prices"))
