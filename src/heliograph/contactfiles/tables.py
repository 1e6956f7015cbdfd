"""What the rest sees of a file: rows of cells."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple, Protocol

MAX_COLUMNS = 500
"""The most columns of a table. Google's and Outlook's exports have some ninety."""
LONGEST_CELL = 32_767
"""The most characters of a cell, as in Excel."""
SEVERAL = " ::: "
"""What divides several values of one cell, as Google exports them."""


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    VCARD = "vcard"


class TableRow(NamedTuple):
    """A row of a table."""

    number: int
    """The number that a spreadsheet shows beside it, or the place of a vCard in its file, from 1."""
    cells: list[str]


class Table(Protocol):
    """A file, as rows of cells."""

    format: Format
    encoding: str | None
    delimiter: str | None
    """The character between two cells; None where there is none."""
    headings: list[str] | None
    """The names of the columns, where the format has them by itself; then the first row is a contact."""

    def rows(self) -> Iterator[TableRow]:
        """Read from the beginning; only one such reading may go on at a time. Raises UnreadableFile."""
        ...
