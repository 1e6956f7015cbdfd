"""Imports: contact files that are read into groups."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.resources.listing import Listing, items
from heliograph.sdk.transport import SyncTransport


class Imports:
    """Imports: contact files that are read into groups."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def start(
        self,
        content: bytes | Path,
        *,
        group: str,
        mapping: Mapping[str, str] | None = None,
        region: str | None = None,
        update: bool = False,
        dry_run: bool = False,
        file_name: str | None = None,
    ) -> wire.Import:
        """Import a CSV file, a workbook (XLSX) or vCards into a group, which is made if there is none of that name.

        The file is its content, or its path: then it is read while it is sent, however large it is.
        `mapping` says what columns are, by their headings or places from 1: `number`, `first_name`, `last_name`,
        `email`, a name of your own, or `-` for a column to be left out. `region` is the country whose national numbers
        are read, such as DE. What is returned is still running. Raises UnreadableFile or InvalidField for what can't be
        imported: then nothing is stored.
        """
        call = calls.start_import(
            content,
            group=group,
            mapping=mapping,
            region=region,
            update=update,
            dry_run=dry_run,
            file_name=content.name if file_name is None and isinstance(content, Path) else file_name,
        )
        return self._transport.run(call)

    def get(self, import_id: str, *, timeout_s: float = 0.0) -> wire.Import:
        """Return what an import has understood, and how far it is; wait up to `timeout_s` seconds, 30 at most, for its
        end."""
        return self._transport.run(calls.import_so_far(import_id, timeout_s))

    def events(self, import_id: str) -> Iterator[wire.Import]:
        """Iterate over how far an import is, each time that it is further, until it or its undoing is over."""
        return self._transport.follow(wire.Import, "imports", import_id, "events")

    def wait(self, import_id: str, *, timeout_s: float = 600.0) -> wire.Import:
        """Wait until an import, or its undoing, is over. Raises WaitTimedOut after `timeout_s` seconds."""
        return self._transport.run(calls.import_over(import_id, timeout_s))

    def list(self, *, page_size: int = 100) -> Listing[wire.Import]:
        """Iterate over all imports, newest first; pages are fetched as they are needed."""
        return items(self._transport, wire.ImportPage, "imports", limit=page_size)

    def rejected(self, import_id: str, *, page_size: int = 100) -> Listing[wire.RejectedRow]:
        """Iterate over the rows that were not imported, in the order of the file."""
        return items(self._transport, wire.RejectedRowPage, "imports", import_id, "rejected", limit=page_size)

    def rejected_file(self, import_id: str) -> bytes:
        """Return the rows that were not imported as CSV, to be mended and imported again.

        Each row is there once, with what is wrong with it in a last column, which is left out when it is read again.
        """
        columns = (self.get(import_id)).columns
        rows: dict[int, list[str]] = {}
        for each in self.rejected(import_id, page_size=1_000):
            why = f"{each.value}: {each.reason}" if each.value else each.reason
            row = rows.setdefault(each.row, [*each.cells, *[""] * (len(columns) - len(each.cells)), ""])
            row[-1] += f"; {why}" if row[-1] else why
        text = io.StringIO(newline="")
        csv.writer(text).writerows([[*(column.name for column in columns), wire.WHY_REJECTED], *rows.values()])
        return text.getvalue().encode("utf-8-sig")

    def undo(self, import_id: str) -> wire.Import:
        """Take away what an import has added, and put back what it has updated, unless that has changed since.

        What is returned is still being undone. Raises NothingToUndo while it is running, and if it was a dry run.
        """
        return self._transport.run(calls.act(wire.Import, "imports", import_id, "undo"))
