"""XLSX workbooks, read row by row, with numbers written out.

A workbook is a ZIP of XML. Its numbers are binary fractions, of which a spreadsheet shows what fits: the cell that it
shows as 4.9E+12 still has all digits of a phone number. What an archive says it unpacks to is added up before anything
is unpacked, and nothing unpacks to more than that.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, time
from typing import BinaryIO

from heliograph.contactfiles.tables import MAX_COLUMNS, Format, TableRow
from heliograph.domain.errors import UnreadableFile

LARGEST_UNPACKED = 1024**3
"""The most octets that a workbook may unpack to: some three million short rows."""
LARGEST_TEXTS = 128 * 1024**2
"""The most octets of the texts that cells share, which are read into memory."""
MOST_PACKED = 200
"""How many times smaller than what is in it a large workbook may be. What spreadsheets write is 5 to 50 times."""
_SMALL = 16 * 1024**2
_WORKBOOK = "xl/workbook.xml"
_TEXTS = "xl/sharedstrings.xml"


class SheetTable:
    """The first sheet of a workbook that has anything in it, as rows of cells."""

    format = Format.XLSX
    encoding: str | None = None
    delimiter: str | None = None
    headings: list[str] | None = None

    def __init__(self, file: BinaryIO) -> None:
        """Look at the archive without unpacking it. Raises UnreadableFile if it is no workbook, or one too large."""
        self._file = file
        _check_archive(file)

    def rows(self) -> Iterator[TableRow]:
        try:
            from openpyxl import load_workbook
        except ImportError as error:
            raise UnreadableFile("Workbooks are read by openpyxl: install heliograph[xlsx].") from error
        try:
            self._file.seek(0)
            with closing(load_workbook(self._file, read_only=True, data_only=True, keep_links=False)) as workbook:
                for sheet in workbook.worksheets:
                    if sheet.max_column is not None and sheet.max_column > MAX_COLUMNS:
                        sheet.reset_dimensions()  # what it says is often more than it has
                    rows = _rows(sheet.iter_rows(values_only=True))
                    if (first := next(rows, None)) is not None:
                        yield first
                        yield from rows
                        return
        except UnreadableFile:
            raise
        except Exception as error:  # whatever openpyxl stumbles over in a damaged file
            reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
            raise UnreadableFile(f"The workbook is damaged: {reason}.") from error


def _rows(found: Iterator[tuple[object, ...]]) -> Iterator[TableRow]:
    for number, values in enumerate(found, start=1):
        cells = [value if type(value) is str else written(value) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > MAX_COLUMNS:
            raise UnreadableFile(f"Row {number} has {len(cells)} cells; {MAX_COLUMNS} is the most.", row=number)
        if cells:
            yield TableRow(number, cells)


def written(value: object) -> str:
    """Write a cell's value as a text: a whole number with all its digits."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _check_archive(file: BinaryIO) -> None:
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            members = {each.filename.lower(): each for each in archive.infolist()}
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UnreadableFile("The file begins like a workbook (XLSX), and is damaged.") from error
    if _WORKBOOK not in members:
        raise UnreadableFile("The file is an archive, and no workbook (XLSX).")
    unpacked = sum(each.file_size for each in members.values())
    packed = sum(each.compress_size for each in members.values())
    texts = members[_TEXTS].file_size if _TEXTS in members else 0
    if unpacked > LARGEST_UNPACKED or texts > LARGEST_TEXTS or unpacked > max(_SMALL, packed * MOST_PACKED):
        raise UnreadableFile(f"The workbook unpacks to {unpacked} octets, which is too much: save it as CSV.")
