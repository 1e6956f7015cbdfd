"""vCards 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350), as a table with a row for each card.

Lines are read as octets, because each may be in an encoding of its own (`CHARSET=` of 2.1): one that says nothing is in
that of the file. A folded line goes on with a blank; one in quoted-printable goes on behind a `=`. Names of properties
may have a group before them (`item1.TEL`). Cards inside cards (`AGENT`) are other people, and left out, as are numbers
of faxes and pagers. Pictures are read past.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from heliograph.contactfiles.headings import COMPANY, EMAIL, FIRST_NAME, LAST_NAME, NAME, NUMBER
from heliograph.contactfiles.tables import LONGEST_CELL, SEVERAL, Format, TableRow
from heliograph.contactfiles.texts import encoding_of, opened
from heliograph.domain.errors import UnreadableFile

_LONGEST_LINE = 64 * 1024
_WANTED = {"BEGIN", "END", "VERSION", "N", "FN", "TEL", "EMAIL", "ORG"}
_NOT_REACHED = {"FAX", "PAGER", "MODEM", "TEXTPHONE"}
_HEAD = re.compile(r'(?:[^":]|"[^"]*")*+')
"""Matches what stands before the first colon outside of quotes."""
_PARAMETER = re.compile(r'(?:^|;)((?:[^";]|"[^"]*")*+)')
_UNESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TEL = re.compile(r"tel:(?://)?", re.IGNORECASE)
_PART = re.compile(r"((?:[^\\;]|\\.?)*)(?:;|$)", re.DOTALL)


class _Property(NamedTuple):
    name: str
    types: frozenset[str]
    value: str


class CardTable:
    """A file of vCards, as rows of cells."""

    format = Format.VCARD
    delimiter: str | None = None
    headings: list[str] | None = [NUMBER, FIRST_NAME, LAST_NAME, EMAIL, NAME, COMPANY]  # noqa: RUF012 - never changed

    def __init__(self, file: BinaryIO) -> None:
        """Find the encoding. Raises UnreadableFile if the file is not a text."""
        self._file = file
        encoding, self._begins = encoding_of(file)
        self.encoding: str | None = encoding
        self._wide = encoding.startswith("UTF-16")
        self._fallback = "UTF-8" if self._wide else encoding

    def rows(self) -> Iterator[TableRow]:
        number = depth = 0
        card: list[_Property] = []
        for each in self._properties():
            if each.name == "BEGIN":
                depth += 1
                if depth == 1:
                    card, number = [], number + 1
            elif each.name == "END":
                depth -= 1
                if depth == 0:
                    yield TableRow(number, _cells(card))
            elif depth == 1:
                card.append(each)
            if depth < 0:
                raise UnreadableFile(f"After card {number} another ends that has not begun.", row=number)
        if depth:
            raise UnreadableFile(f"Card {number} has no END:VCARD.", row=number)

    def _properties(self) -> Iterator[_Property]:
        for line in self._unfolded():
            head, colon, value = _split(line)
            if not colon:
                continue
            name, *parameters = _PARAMETER.findall(head)
            name = name.rpartition(".")[2].strip().upper()
            if name in _WANTED:
                types, charset, quoted = _parameters(parameters)
                yield _Property(name, types, self._decoded(value, charset, quoted))

    def _decoded(self, value: str, charset: str | None, quoted: bool) -> str:
        octets = value.encode("UTF-8" if self._wide else "Latin-1")
        if quoted:
            octets = quopri.decodestring(octets)
        for encoding in (charset, self._fallback, "Windows-1252"):
            try:
                if encoding is not None:
                    return octets.decode(encoding)
            except (UnicodeDecodeError, LookupError):
                continue
        return octets.decode("Latin-1")

    def _unfolded(self) -> Iterator[str]:
        """Join lines that go on in the next; those of 2.1 keep the blank that they were folded at."""
        line, old = "", False
        for piece in self._lines():
            if piece[:1] in (" ", "\t"):
                if len(line) < LONGEST_CELL:
                    line += piece if old else piece[1:]
            elif line.endswith("=") and _is_quoted(line):
                if len(line) < LONGEST_CELL:
                    line = line[:-1] + piece
            else:
                if line:
                    yield line
                line = piece
                old = piece.strip().upper() == "VERSION:2.1" or (old and piece[:8].upper() != "VERSION:")
        if line:
            yield line

    def _lines(self) -> Iterator[str]:
        """Read lines without their ends; what one has beyond the longest is left out."""
        encoding = self.encoding if self._wide and self.encoding else "Latin-1"
        text = opened(self._file, encoding, self._begins)
        goes_on = False
        while line := text.readline(_LONGEST_LINE):
            if not goes_on:
                yield line.rstrip("\r\n")
            goes_on = line[-1] not in "\r\n"


def _is_quoted(line: str) -> bool:
    return "QUOTED-PRINTABLE" in _split(line)[0].upper()


def _split(line: str) -> tuple[str, str, str]:
    """Split a line at its first colon outside of quotes."""
    found = _HEAD.match(line)
    end = 0 if found is None else found.end()
    return line[:end], line[end : end + 1], line[end + 1 :]


def _parameters(parameters: list[str]) -> tuple[frozenset[str], str | None, bool]:
    """Read a property's parameters: its types, its encoding if it has one, and whether it is quoted-printable."""
    types: set[str] = set()
    charset, quoted = None, False
    for each in parameters:
        name, equals, value = each.partition("=")
        value = value.strip().strip('"') if equals else name
        name = name.strip().upper() if equals else "TYPE"
        if name == "CHARSET":
            charset = value
        elif value.strip().upper() == "QUOTED-PRINTABLE":
            quoted = True
        elif name == "TYPE":
            types |= {one.strip().upper() for one in value.split(",")}
    return frozenset(types), charset, quoted


def _cells(card: list[_Property]) -> list[str]:
    def of(name: str) -> list[str]:
        return [each.value for each in card if each.name == name and each.value.strip()]

    numbers = [_number(each.value) for each in card if each.name == "TEL" and not each.types & _NOT_REACHED]
    family, given = [*_parts(next(iter(of("N")), "")), ""][:2]
    email = next(iter(of("EMAIL")), "")
    name = "" if family or given else _plain(next(iter(of("FN")), ""))
    company = _parts(next(iter(of("ORG")), ""))[0]
    return [SEVERAL.join(filter(None, numbers)), given, family, _plain(email), name, company]


def _parts(value: str) -> list[str]:
    """Split a value at the semicolons that are not escaped."""
    return [_plain(part) for part in _PART.findall(value)]


def _plain(text: str) -> str:
    """Undo what a property's value is escaped with."""
    return _UNESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], text).strip()


def _number(value: str) -> str:
    """Return a number without the scheme of a URI; with parameters it stays one, which `numbers` reads."""
    plain = _plain(value)
    return plain if ";" in plain else _TEL.sub("", plain)
