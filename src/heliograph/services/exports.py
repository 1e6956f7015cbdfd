"""Tables as files: CSV written as it is read, XLSX by way of a temporary file.

No cell is ever a formula. In XLSX every text is written as text; in CSV, which has no types, a text that a spreadsheet
would take for a formula gets an apostrophe in front, as OWASP advises. A phone number (a plus and digits) is none.
"""

from __future__ import annotations

import asyncio
import csv
import io
import os
import re
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

Cell = str | int | float | None

ROWS_IN_A_SHEET = 1_048_576
"""What Excel opens at most (Excel specifications and limits)."""
LONGEST_CELL = 32_767
_READ_AT_ONCE = 256 * 1024
_BEGINNINGS = frozenset("=+-@\t\r\n|")
"""What a formula, or something that is run, may begin with."""
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def _safe(cell: str) -> str:
    return cell if _NUMBER.fullmatch(cell) else f"'{cell}"


async def as_csv(header: Sequence[str], chunks: AsyncIterator[Sequence[Sequence[Cell]]]) -> AsyncIterator[bytes]:
    """UTF-8 with a line of names first, CRLF line ends (RFC 4180); memory holds a chunk at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    yield buffer.getvalue().encode()
    async for rows in chunks:
        yield await asyncio.to_thread(csv_lines, rows)


def csv_lines(rows: Sequence[Sequence[Cell]]) -> bytes:
    """Lines of such a file."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows(
        [[_safe(cell) if type(cell) is str and cell[:1] in _BEGINNINGS else cell for cell in row] for row in rows]
    )
    return buffer.getvalue().encode()


async def as_xlsx(header: Sequence[str], chunks: AsyncIterator[Sequence[Sequence[Cell]]]) -> AsyncIterator[bytes]:
    """A workbook; what does not fit into a sheet goes on in the next. Written to disk first: a ZIP ends with its table
    of contents."""
    descriptor, name = await asyncio.to_thread(tempfile.mkstemp, ".xlsx")
    os.close(descriptor)
    path = Path(name)
    try:
        sheets = _Sheets(name, header)
        async for rows in chunks:
            await asyncio.to_thread(sheets.add, rows)
        await asyncio.to_thread(sheets.close)
        file = await asyncio.to_thread(path.open, "rb")
        with file:
            while block := await asyncio.to_thread(file.read, _READ_AT_ONCE):
                yield block
    finally:
        await asyncio.to_thread(path.unlink)


class _Sheets:
    def __init__(self, name: str, header: Sequence[str]) -> None:
        from xlsxwriter import Workbook

        self._workbook = Workbook(name, {"constant_memory": True, "strings_to_numbers": False})
        self._header = header
        self._begin()

    def _begin(self) -> None:
        self._sheet = self._workbook.add_worksheet()
        self._row = 0
        self._write(self._header)

    def _write(self, row: Sequence[Cell]) -> None:
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                self._sheet.write_string(self._row, column, cell[:LONGEST_CELL])
            elif cell is not None:
                self._sheet.write_number(self._row, column, cell)
        self._row += 1

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        for row in rows:
            if self._row == ROWS_IN_A_SHEET:
                self._begin()
            self._write(row)

    def close(self) -> None:
        self._workbook.close()
