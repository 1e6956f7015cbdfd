"""What is known of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from heliograph.api import wire
from heliograph.calling import SyncTransport
from heliograph.sdk import calls
from heliograph.sdk.resources.listing import items


class Numbers:
    """What is known of numbers."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def get(self, number: str) -> wire.NumberFacts:
        """What the numbering plan says. InvalidRecipient for what is no number."""
        return self._transport.run(calls.get(wire.NumberFacts, "numbers", number))

    def look_up(self, number: str) -> wire.Lookup:
        """What its network says. Costs money; NoCoverage where it has no price."""
        return self._transport.run(calls.act(wire.Lookup, "numbers", number, "lookup"))

    def look_up_many(self, numbers: Sequence[str], *, callback_url: str | None = None) -> wire.LookupJob:
        """The same of many; the answers come later, to the URL and to `lookups`."""
        body = wire.LookUp(numbers=list(numbers), callback_url=callback_url)
        return self._transport.run(calls.post(wire.LookupJob, body, "lookups"))

    def lookups(self, job_id: str, *, page_size: int = 100) -> Iterator[wire.Lookup]:
        """Of a job, newest first."""
        return items(self._transport, wire.Lookups, "lookups", job_id, limit=page_size)
