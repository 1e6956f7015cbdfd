"""Numbers that must not be written to."""

from __future__ import annotations

from collections.abc import AsyncIterator

from heliograph.api import wire
from heliograph.calling import AsyncTransport
from heliograph.sdk import calls
from heliograph.sdk.async_resources.listing import items


class AsyncOptOuts:
    """Numbers that must not be written to."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def add(self, number: str) -> None:
        """Safe to repeat."""
        await self._transport.run(calls.without_answer("PUT", "optouts", number))

    async def remove(self, number: str) -> None:
        """NotFound if the number had not opted out."""
        await self._transport.run(calls.without_answer("DELETE", "optouts", number))

    def list(self, *, page_size: int = 100) -> AsyncIterator[wire.OptOut]:
        """All of them, in the order of the numbers."""
        return items(self._transport, wire.OptOutPage, "optouts", limit=page_size, cursor="after")
