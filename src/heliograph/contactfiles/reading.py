"""A contact file, opened: what was understood of it, and its contacts one after the other."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import BinaryIO, NamedTuple

from heliograph.contactfiles.cards import CardTable
from heliograph.contactfiles.columns import Column, columns_of, numbers_in
from heliograph.contactfiles.headings import NUMBER
from heliograph.contactfiles.tables import Table, TableRow
from heliograph.contactfiles.texts import TextTable
from heliograph.contactfiles.workbooks import SheetTable
from heliograph.domain.contacts import MAX_FIELDS, OWN_FIELDS, UNKNOWN, Details
from heliograph.domain.errors import UnreadableFile
from heliograph.domain.lengths import LONGEST_LABEL, LONGEST_VALUE

LARGEST_FILE = 512 * 1024**2
"""The most octets of a file, unless the caller says otherwise."""
_FIRST_ROWS = 100
_LOOKED_AT = 10_000
"""How many rows, blank ones among them, are looked at to understand a file."""
_ZIP = b"PK\x03\x04"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
_CARD = "begin:vcard"
_MARKS_AND_NULS = "\ufeff\ufffe\0þÿï»¿"


class Entry(NamedTuple):
    """A row of a file as a contact, or as what is wrong with it."""

    row: int
    """The number that a spreadsheet shows beside it, or the place of a vCard in its file, from 1."""
    cells: list[str]
    """The whole row, to be written back."""
    numbers: Sequence[str]
    """The numbers as they are written; none if the row has a problem."""
    details: Details
    value: str = ""
    """The text that has the problem."""
    problem: str | None = None


class ContactFile:
    """A contact file that is understood: iterate over it, as often as you like, to read its entries.

    The file has to be seekable, and stays the caller's to close. Blank rows are passed over.
    """

    def __init__(self, table: Table, said: Mapping[str, str]) -> None:
        self._table = table
        rows = list(islice(filter(_is_not_blank, islice(table.rows(), _LOOKED_AT)), _FIRST_ROWS))
        if not rows:
            raise UnreadableFile(f"The file is empty, or begins with {_LOOKED_AT} blank rows.")
        found = columns_of([row.cells for row in rows], table.headings, said)
        self.format = table.format
        self.encoding = table.encoding
        """The encoding of a text: UTF-8, UTF-16LE, UTF-16BE or Windows-1252; None for a workbook."""
        self.delimiter = table.delimiter
        """What stands between two cells; None where there is no such thing."""
        self.columns: Sequence[Column] = found.listed
        self.headed = found.headed
        """Whether the first row has the headings."""
        self._labels = found.labels

    def __iter__(self) -> Iterator[Entry]:
        """Read the entries, from the beginning. Raises UnreadableFile for what nothing can be read behind."""
        rows = filter(_is_not_blank, self._table.rows())
        if self.headed:
            next(rows, None)
        entry_of = self._reader()
        for row in rows:
            yield entry_of(row)

    def _reader(self) -> Callable[[TableRow], Entry]:
        columns = list(enumerate(self.columns))
        numbered = [(place, self._labels.get(place)) for place, column in columns if column.field == NUMBER]
        own = [(place, column.field) for place, column in columns if column.field in OWN_FIELDS]
        others = [
            (place, column.field)
            for place, column in columns
            if column.field is not None and column.field != NUMBER and column.field not in OWN_FIELDS
        ]
        width = len(columns)
        longest = {place: LONGEST_LABEL for place, _ in own} | {place: LONGEST_VALUE for place, _ in others}
        if wrong := next((name for _, name in others if len(name) > LONGEST_LABEL), None):
            raise UnreadableFile(f"A heading has {len(wrong)} characters; {LONGEST_LABEL} is the most.")

        def entry_of(row: TableRow) -> Entry:
            number, cells = row
            if len(cells) < width:
                cells = cells + [""] * (width - len(cells))
            elif len(cells) > width and (more := "".join(cells[width:]).strip()):
                return Entry(number, cells, (), UNKNOWN, more, f"has {len(cells)} cells, and there are {width} columns")
            said: dict[str, str] = {}
            fields: dict[str, str] = {}
            for into, places in ((said, own), (fields, others)):
                for place, name in places:
                    if text := cells[place].strip():
                        if len(text) > longest[place]:
                            reason = f"has {len(text)} characters in {name}; {longest[place]} is the most"
                            return Entry(number, cells, (), UNKNOWN, text, reason)
                        into[name] = text
            if len(fields) > MAX_FIELDS:
                return Entry(number, cells, (), UNKNOWN, "", f"has {len(fields)} fields; {MAX_FIELDS} is the most")
            numbers = [
                each
                for place, label in numbered
                if cells[place]
                for each in numbers_in(cells[place], "" if label is None else cells[label])
            ]
            if not numbers:
                return Entry(number, cells, (), UNKNOWN, "", "has no number")
            details = Details(**said, fields=fields) if said or fields else UNKNOWN
            return Entry(number, cells, numbers, details)

        return entry_of


def open_contacts(
    file: BinaryIO, mapping: Mapping[str, str] | None = None, *, largest: int = LARGEST_FILE
) -> ContactFile:
    """Open a contact file, and find out by what is in it how it is written.

    `mapping` says what columns are, by their headings or their places from 1: `number`, `first_name`, `last_name`,
    `email`, any other name for a field of the customer's own, or `-` for what is left out. Without it, what a heading
    does not say is a field of its name.

    Raises UnreadableFile for what is no contact file, is empty, has more than `largest` octets, or no column that looks
    like numbers; InvalidField for a column that there is not.
    """
    size = file.seek(0, io.SEEK_END)
    if size > largest:
        raise UnreadableFile(f"The file has {size} octets; {largest} is the most.")
    file.seek(0)
    beginning = file.read(64)
    if not beginning:
        raise UnreadableFile("The file is empty.")
    return ContactFile(_table_of(file, beginning), mapping or {})


def _table_of(file: BinaryIO, beginning: bytes) -> Table:
    if beginning.startswith(_ZIP):
        return SheetTable(file)
    if beginning.startswith(_OLD_WORKBOOK):
        raise UnreadableFile("The file is a workbook as Excel 97 wrote it (XLS): save it as XLSX or CSV.")
    if beginning.startswith(b"%PDF"):
        raise UnreadableFile("The file is a PDF: take the table that it was made from.")
    plain = beginning.decode("Latin-1").translate(dict.fromkeys(map(ord, _MARKS_AND_NULS)))
    return CardTable(file) if plain.lstrip().lower().startswith(_CARD) else TextTable(file)


def _is_not_blank(row: TableRow) -> bool:
    return any(map(str.strip, row.cells))
