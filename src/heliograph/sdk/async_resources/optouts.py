"""Numbers that must not be written to."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.async_resources.listing import AsyncListing, items
from heliograph.sdk.transport import AsyncTransport


class AsyncOptOuts:
    """Opt-outs: numbers that must not be written to."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def add(self, number: str) -> None:
        """Opt a number out: it must not be written to any more. Safe to repeat."""
        await self._transport.run(calls.without_answer("PUT", "optouts", number))

    async def remove(self, number: str) -> None:
        """Remove a number's opt-out. Raises NotFound if it had not opted out."""
        await self._transport.run(calls.without_answer("DELETE", "optouts", number))

    def list(self, *, page_size: int = 100) -> AsyncListing[wire.OptOut]:
        """Iterate over all opt-outs, in the order of the numbers; pages are fetched as they are needed."""
        return items(self._transport, wire.OptOutPage, "optouts", limit=page_size, cursor="after")
