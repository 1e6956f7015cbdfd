"""What the numbering plan and the networks know of numbers."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.async_resources.listing import AsyncListing, items
from heliograph.sdk.transport import AsyncTransport


class AsyncNumbers:
    """What the numbering plan and the networks know of numbers."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self, number: str) -> wire.NumberFacts:
        """Get what the numbering plan says of a number. Raises InvalidRecipient if it is not one."""
        return await self._transport.run(calls.get(wire.NumberFacts, "numbers", number))

    async def look_up(self, number: str) -> wire.Lookup:
        """Ask the network about a number. This costs money; raises NoCoverage where it has no price."""
        return await self._transport.run(calls.act(wire.Lookup, "numbers", number, "lookup"))

    async def look_up_many(self, numbers: Sequence[str], *, callback_url: str | None = None) -> wire.LookupJob:
        """Ask the networks about many numbers. The answers come later, to the URL and to `lookups`."""
        body = wire.LookUp(numbers=list(numbers), callback_url=callback_url)
        return await self._transport.run(calls.post(wire.LookupJob, body, "lookups"))

    def lookups(self, job_id: str, *, page_size: int = 100) -> AsyncListing[wire.Lookup]:
        """Iterate over the answers of a job, newest first; pages are fetched as they are needed."""
        return items(self._transport, wire.Lookups, "lookups", job_id, limit=page_size)
