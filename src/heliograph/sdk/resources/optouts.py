"""Numbers that must not be written to."""

from __future__ import annotations

from pathlib import Path

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

    def export(self, path: Path | str, *, format: wire.ExportFormat | None = None, bom: bool = False) -> None:
        """Write all opt-outs, newest first, to a file, as they come: `.csv`, `.xlsx` or `.jsonl`.

        When this returns the file is whole; if it raises there is none. `bom` has a CSV file begin with a byte order
        mark, as Excel wants it.
        """
        call = calls.saved(Path(path), format, "optouts", bom=bom or None)
        self._transport.run(call, save_to=Path(path))
