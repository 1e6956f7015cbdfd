"""Texts whose cells are divided by commas, semicolons, tabs or bars, in whichever encoding a program has written.

How the encoding is found. A mark at the beginning says it. Otherwise the whole file is looked at once: what has NUL
octets is UTF-16, in the order that puts the most of them into the high halves; what is UTF-8 from end to end is UTF-8,
which no other text is by accident; and the rest is Windows-1252, which is what Excel writes in Europe and America.

How the delimiter is found. A first line such as `sep=;`, which Excel reads so, says it. Otherwise the beginning is read
with each that is possible. The one wins with which a heading names a number, then the one with which most rows are as
long as the first, then the one with the most cells.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from heliograph.contactfiles.headings import NUMBER, field_named
from heliograph.contactfiles.tables import MAX_COLUMNS, Format, TableRow
from heliograph.domain.errors import UnreadableFile

DELIMITERS = (";", "\t", ",", "|")
LONGEST_ROW = 256 * 1024
"""The most characters of a row."""

_MARKS = ((codecs.BOM_UTF8, "UTF-8"), (codecs.BOM_UTF16_LE, "UTF-16LE"), (codecs.BOM_UTF16_BE, "UTF-16BE"))
_AT_ONCE = 256 * 1024
_SAMPLE = 64 * 1024
_SAMPLE_ROWS = 100
_SAYS = re.compile(r'"?sep=(?P<delimiter>[^\w\s"]|\t)"?\r?\n?', re.IGNORECASE)


class TextTable:
    """A text file as rows of cells."""

    format = Format.CSV
    headings: list[str] | None = None

    def __init__(self, file: BinaryIO) -> None:
        """Find out how the file is written. Raises UnreadableFile if it is not a text."""
        self._file = file
        self._encoding, self._begins = encoding_of(file)
        self.encoding: str | None = self._encoding
        sample = self._open().read(_SAMPLE)
        says = _SAYS.match(sample)
        if says is not None:
            self._begins += len(says[0].encode(self._encoding))
        self.delimiter: str | None = says["delimiter"] if says else _delimiter_of(sample)

    def _open(self) -> io.TextIOWrapper:
        return opened(self._file, self._encoding, self._begins)

    def rows(self) -> Iterator[TableRow]:
        lines = _Lines(self._open())
        number = 0
        try:
            for number, cells in enumerate(csv.reader(lines, delimiter=self.delimiter or ","), start=1):
                lines.length = 0
                if len(cells) > MAX_COLUMNS:
                    raise UnreadableFile(f"Row {number} has {len(cells)} cells; {MAX_COLUMNS} is the most.", row=number)
                yield TableRow(number, cells)
        except csv.Error as error:
            raise UnreadableFile(f"Row {number + 1} can't be read: {error}.", row=number + 1) from error
        except _TooLong as error:
            message = f"Row {number + 1} has more than {LONGEST_ROW} characters: is a quote in it never closed?"
            raise UnreadableFile(message, row=number + 1) from error


class _TooLong(Exception):
    pass


class _Lines:
    """The lines of a text, which may not be longer in sum than a row, unless `length` is reset between."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.length = 0

    def __iter__(self) -> Iterator[str]:
        readline = self._text.readline
        while line := readline(LONGEST_ROW):
            self.length += len(line)
            if self.length >= LONGEST_ROW:
                raise _TooLong
            yield line


class _Lent(io.RawIOBase):
    """A file that is read from a place on, and stays open when its reader is closed."""

    def __init__(self, file: BinaryIO, begins: int) -> None:
        file.seek(begins)
        self._lent = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._lent.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def opened(file: BinaryIO, encoding: str, begins: int) -> io.TextIOWrapper:
    """Open a file as a text from an octet on; the file itself stays open. Line ends stay as they are."""
    return io.TextIOWrapper(io.BufferedReader(_Lent(file, begins), _AT_ONCE), encoding=encoding, newline="")


def encoding_of(file: BinaryIO) -> tuple[str, int]:
    """Find a text's encoding, and how many octets its mark has. Raises UnreadableFile if it is not a text."""
    file.seek(0)
    beginning = file.read(4)
    for mark, encoding in _MARKS:
        if beginning.startswith(mark):
            if wrong := _why_not(file, encoding, len(mark)):
                raise UnreadableFile(f"The file says that it is {encoding}, and is not: {wrong}.")
            return encoding, len(mark)
    zeros = _zeros(file)
    wide = "UTF-16LE" if zeros[1] >= zeros[0] else "UTF-16BE"
    wrong = None
    for encoding in [wide] if any(zeros) else ["UTF-8", "Windows-1252"]:
        wrong = _why_not(file, encoding, 0)
        if wrong is None:
            return encoding, 0
    raise UnreadableFile(f"The file is neither a text, a workbook (XLSX) nor vCards: {wrong}.")


def _zeros(file: BinaryIO) -> tuple[int, int]:
    """Count the NUL octets at even and at odd places."""
    file.seek(0)
    even = odd = 0
    while piece := file.read(_AT_ONCE):
        if b"\0" in piece:
            even += piece[::2].count(0)
            odd += piece[1::2].count(0)
    return even, odd


def _why_not(file: BinaryIO, encoding: str, begins: int) -> str | None:
    """Say why a file is not a text in this encoding; None if it is one."""
    file.seek(begins)
    decoder = codecs.getincrementaldecoder(encoding)()
    at = begins
    while True:
        piece = file.read(_AT_ONCE)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            return f"octet {at + error.start} can't be read as {encoding}"
        if "\0" in text:
            return f"it has a NUL character after octet {at}"
        if not piece:
            return None
        at += len(piece)


def _delimiter_of(sample: str) -> str:
    best = max(DELIMITERS, key=lambda each: _fitness(sample, each))
    return best if _fitness(sample, best)[2] > 1 else ","


def _fitness(sample: str, delimiter: str) -> tuple[bool, float, int]:
    """Say how well the beginning of a file is read with a delimiter: more is better."""
    try:
        rows = list(islice(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter), _SAMPLE_ROWS))
    except csv.Error:
        return False, 0.0, 0
    if len(sample) == _SAMPLE:
        rows = rows[:-1] or rows  # the last may be cut
    whole = [row for row in rows if any(row)]
    if not whole:
        return False, 0.0, 0
    width = len(whole[0])
    alike = Counter(map(len, whole))[width] / len(whole)
    named = any(field_named(name) == NUMBER for name in whole[0])
    return named and width > 1, alike if width > 1 else 0.0, width
