"""Numbers that must not be written to."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.resources.listing import Listing, items
from heliograph.sdk.transport import SyncTransport


class OptOuts:
    """Opt-outs: numbers that must not be written to."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def add(self, number: str) -> None:
        """Opt a number out: it must not be written to any more. Safe to repeat."""
        self._transport.run(calls.without_answer("PUT", "optouts", number))

    def remove(self, number: str) -> None:
        """Remove a number's opt-out. Raises NotFound if it had not opted out."""
        self._transport.run(calls.without_answer("DELETE", "optouts", number))

    def list(self, *, page_size: int = 100) -> Listing[wire.OptOut]:
        """Iterate over all opt-outs, in the order of the numbers; pages are fetched as they are needed."""
        return items(self._transport, wire.OptOutPage, "optouts", limit=page_size, cursor="after")
