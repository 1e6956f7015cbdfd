"""What the numbering plan and the networks know of numbers."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.resources.listing import Listing, items
from heliograph.sdk.transport import SyncTransport


class Numbers:
    """What the numbering plan and the networks know of numbers."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def get(self, number: str) -> wire.NumberFacts:
        """Get what the numbering plan says of a number. Raises InvalidRecipient if it is not one."""
        return self._transport.run(calls.get(wire.NumberFacts, "numbers", number))

    def look_up(self, number: str) -> wire.Lookup:
        """Ask the network about a number. This costs money; raises NoCoverage where it has no price."""
        return self._transport.run(calls.act(wire.Lookup, "numbers", number, "lookup"))

    def look_up_many(self, numbers: Sequence[str], *, callback_url: str | None = None) -> wire.LookupJob:
        """Ask the networks about many numbers. The answers come later, to the URL and to `lookups`."""
        body = wire.LookUp(numbers=list(numbers), callback_url=callback_url)
        return self._transport.run(calls.post(wire.LookupJob, body, "lookups"))

    def lookups(self, job_id: str, *, page_size: int = 100) -> Listing[wire.Lookup]:
        """Iterate over the answers of a job, newest first; pages are fetched as they are needed."""
        return items(self._transport, wire.Lookups, "lookups", job_id, limit=page_size)
