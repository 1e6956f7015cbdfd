"""Tables as files: CSV written as it is read, XLSX by way of a temporary file.

No cell is ever a formula. In XLSX every text is written as text. CSV has no types, and who opens it decides where its
cells begin: a program cuts at commas, at semicolons or at tabs, and one that cuts elsewhere than the writer meant knows
a quote only at the beginning of what it takes for a cell, so that `"a;=1+1"` is a formula to it. Quotes don't help,
then. So wherever a cell could begin (at the beginning of ours, and inside a text behind a comma, a semicolon, a tab or
the end of a line), what a program could take for a formula gets an apostrophe in front, as OWASP advises for the first
character ("CSV Injection"). Blanks, quotes and invisible characters before it are looked through, as programs do.

A plain number, such as a phone number with its plus or a negative amount, is no formula and stays a number; but not as
the first of several cells, because to who cuts elsewhere it begins the whole line. So tables don't begin with one.
Texts stay legible, but CSV does not bring them back letter by letter: `- milk` in the second line of a text is read
back as `'- milk`, and nobody can tell whether the apostrophe was there. Who needs what was sent takes XLSX, or an API.
"""

from __future__ import annotations

import asyncio
import codecs
import csv
import io
import os
import re
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

Cell = str | int | float | None

ROWS_IN_A_SHEET = 1_048_576
"""How many rows Excel opens in a sheet (Excel specifications and limits)."""
LONGEST_CELL = 32_767
_READ_AT_ONCE = 256 * 1024

_FORMULA = "=+\\-@|＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋﬩−"
"""The characters that formulas, and what else is run, begin with: also as other widths and heights of these (NFKC)."""
_LINE_ENDS = "\n\v\f\r\x1c-\x1e\x85\u2028\u2029"
"""The characters that str.splitlines, at least, cuts at."""
_LOOKED_THROUGH = (
    '" \0-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\xa0\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160'
    "\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u202a-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
"""Quotes, blanks, and what can't be seen (categories Zs, Cc and Cf, and Default_Ignorable_Code_Point)."""
_NUMBER = r"[+-][0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?"
# Behind a line that can be seen: one that can't may be the beginning of the same cell.
_NUMBER_ALONE = f"(?:(?<=,){_NUMBER}(?:,|\r\n)|(?<=[A-Za-z0-9]\r\n){_NUMBER}\r\n)"
_LINE_BEFORE = "0\r\n"
# What most cells begin with is looked for first, only to be quicker.
_TAKEN_FOR_A_FORMULA = re.compile(
    f"[,;\t{_LINE_ENDS}](?![A-Za-z0-9,])[{_LOOKED_THROUGH}]*(?=[{_FORMULA}])(?!{_NUMBER_ALONE})"
)
_TRIMMED = frozenset("\t\r\n")
"""The characters that programs may take off the beginning of a cell before they look at it (OWASP names them)."""


async def as_csv(
    header: Sequence[str], chunks: AsyncIterator[Sequence[Sequence[Cell]]], *, bom: bool = False
) -> AsyncIterator[bytes]:
    """Write CSV in UTF-8, a line of names first, CRLF line ends (RFC 4180); memory holds a chunk at a time.

    With `bom` a byte order mark comes first: Excel reads a file without one in the alphabet of its country.
    """
    yield csv_beginning(header, bom=bom)
    async for rows in chunks:
        yield await asyncio.to_thread(csv_lines, rows)


def csv_beginning(header: Sequence[str], *, bom: bool) -> bytes:
    """Write the line of names, behind a byte order mark if one is wanted."""
    return (codecs.BOM_UTF8 if bom else b"") + csv_lines([header])


def csv_lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Write lines of a CSV file, without the names."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows(
        [[f"'{cell}" if type(cell) is str and cell[:1] in _TRIMMED else cell for cell in row] for row in rows]
    )
    return _TAKEN_FOR_A_FORMULA.sub(r"\g<0>'", _LINE_BEFORE + buffer.getvalue())[len(_LINE_BEFORE) :].encode()


async def as_xlsx(header: Sequence[str], chunks: AsyncIterator[Sequence[Sequence[Cell]]]) -> AsyncIterator[bytes]:
    """Write a workbook; what does not fit into a sheet goes on in the next.

    It is written to disk first: a ZIP ends with its table of contents.
    """
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
