"""What the columns of a table are: by their headings, by what the caller says, and by what is in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from heliograph.contactfiles.headings import (
    COMPANY,
    EMAIL,
    FIRST_NAME,
    LAST_NAME,
    NAME,
    NUMBER,
    WEAK,
    field_named,
    folded,
)
from heliograph.contactfiles.tables import SEVERAL
from heliograph.domain.errors import InvalidField, UnreadableFile
from heliograph.domain.imports import WHY_REJECTED

LEFT_OUT = ("", "-")
"""What the caller maps a column to that is not to be read."""

_LIKE_A_NUMBER = re.compile(r"""(?=(?:\D*\d){7,17}\D*$)['"=]{0,3}(?:tel:)?\+?[\d\s().\-–/]+['"]?""")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{4}")
_MANY = 0.5
"""At least so much of a column looks like numbers, if nobody says that it has them."""
_EXPORTED = {"phone 1 value", "mobile phone", "business phone", "home phone"}
"""Headings of Google's and Outlook's exports. Of the rest of these, which is some eighty columns, nothing is kept."""
_ALSO_EXPORTED = {"e mail 1 value", "e mail address", "given name", "first name", "phone 1 label", "phone 1 type"}
_GOOGLE_VALUE = re.compile(r"(phone \d+) value")
_NOT_REACHED = ("fax", "pager")
_BETWEEN = SEVERAL.strip()


class Column(NamedTuple):
    """A column of a file, and what is read from it."""

    name: str
    """Its heading; its place from 1, if the file has no headings."""
    field: str | None
    """`number`, `first_name`, `last_name`, `email` or a name of the customer's own; None if it is left out."""


class Columns(NamedTuple):
    """All columns of a file."""

    listed: list[Column]
    headed: bool
    """Whether the first row has the headings."""
    labels: dict[int, int]
    """The place of a column of numbers, and of the column that says of which kind each is."""


def columns_of(first_rows: Sequence[Sequence[str]], headings: Sequence[str] | None, said: Mapping[str, str]) -> Columns:
    """Find out what the columns are, from the first rows and what the caller says: a field for a heading or a place.

    Raises InvalidField for a column that there is not, UnreadableFile if none has numbers.
    """
    headed = headings is None and not any(map(like_a_number, first_rows[0]))
    if headed:
        headings, first_rows = first_rows[0], first_rows[1:]
    if headings is None:
        width = max(map(len, first_rows))
        names = [str(place + 1) for place in range(width)]
        fields: list[str | None] = [None] * width
    else:
        names = [name.strip() for name in headings]
        fields = _by_headings(names)
    wanted = {_place_of(column, names): _field(field) for column, field in said.items()}
    taken = {field for field in wanted.values() if field in (NUMBER, FIRST_NAME, LAST_NAME, EMAIL)}
    found = [wanted.get(place, None if field in taken else field) for place, field in enumerate(fields)]
    if NUMBER not in found:
        found[_numbers_in(first_rows, names, found, wanted)] = NUMBER
    listed = [Column(name, field) for name, field in zip(names, found, strict=True)]
    return Columns(listed, headed, _labels(names, found))


def like_a_number(text: str) -> bool:
    """Say whether a text looks like a phone number, not whether it is one."""
    text = text.strip()
    return _LIKE_A_NUMBER.fullmatch(text) is not None and _DATE.fullmatch(text) is None


def _by_headings(names: Sequence[str]) -> list[str | None]:
    plain = [folded(name) for name in names]
    exported = bool(_EXPORTED.intersection(plain) and _ALSO_EXPORTED.intersection(plain))
    known = [field_named(name) for name in names]
    found: list[str | None] = []
    strong = any(field == NUMBER and each not in WEAK for field, each in zip(known, plain, strict=True))
    first, last = FIRST_NAME in known, LAST_NAME in known
    for name, each, field in zip(names, plain, known, strict=True):
        if field == NAME and first != last:
            field = LAST_NAME if first else FIRST_NAME
        elif (field == NUMBER and each in WEAK and strong) or (field == NAME and first and exported):
            field = None
        if field in (None, COMPANY) and not exported and name != WHY_REJECTED:
            field = name or None
        if field is not None and field != NUMBER and field in found:
            field = None if exported or name in found else name or None
        found.append(field)
    return found


def _place_of(column: str, names: Sequence[str]) -> int:
    """Find a column by its heading or its place. Raises InvalidField."""
    for alike in (str.strip, str.casefold, folded):
        found = [place for place, name in enumerate(names) if alike(name) == alike(column.strip())]
        if len(found) == 1:
            return found[0]
        if found:
            raise InvalidField(f"Several columns are called {column!r}: say its place instead, from 1.", field=column)
    if column.strip().isdecimal() and 1 <= int(column) <= len(names):
        return int(column) - 1
    there = ", ".join(filter(None, names)) or "none"
    raise InvalidField(f"The file has no column {column!r}. Its columns are: {there}.", field=column)


def _field(name: str) -> str | None:
    """Return the field that the caller means: by any name that a heading may have, or one of the customer's own."""
    name = name.strip()
    if name in LEFT_OUT:
        return None
    known = field_named(name)
    return name if known is None or known in (NAME, COMPANY) else known


def _numbers_in(
    rows: Sequence[Sequence[str]], names: Sequence[str], found: Sequence[str | None], wanted: Mapping[int, str | None]
) -> int:
    """Return the place of the column that looks most like numbers. Raises UnreadableFile if none does."""

    def share(place: int) -> tuple[float, float]:
        cells = [row[place].strip() for row in rows if place < len(row) and row[place].strip()]
        if place in wanted or found[place] in (FIRST_NAME, LAST_NAME, EMAIL) or not cells:
            return 0.0, 0.0
        numbers = [cell for cell in cells if like_a_number(cell)]
        return len(numbers) / len(cells), sum(cell.lstrip("'=\"").startswith(("+", "0")) for cell in numbers)

    best = max(range(len(names)), key=share, default=None)
    if best is None or share(best)[0] < _MANY:
        there = ", ".join(filter(None, names)) or "none"
        raise UnreadableFile(
            f"The file has no column that looks like phone numbers. Its columns are: {there}. Say which has them, "
            f"such as {names[0] if names else 'Telephone'}=number.",
            field="mapping",
        )
    return best


def _labels(names: Sequence[str], found: Sequence[str | None]) -> dict[int, int]:
    """Pair the numbers of a Google export with the columns that say of which kind they are."""
    places = {folded(name): place for place, name in enumerate(names)}
    labels: dict[int, int] = {}
    for plain, place in places.items():
        value = _GOOGLE_VALUE.fullmatch(plain)
        if value is not None and found[place] == NUMBER:
            for word in ("label", "type"):
                if (label := places.get(f"{value[1]} {word}")) is not None:
                    labels[place] = label
    return labels


def numbers_in(cell: str, label: str) -> list[str]:
    """Return the numbers of a cell, without those that its label says are of a fax or a pager."""
    if label and any(word in label.casefold() for word in _NOT_REACHED):
        return []
    if cell.isprintable() and _BETWEEN not in cell:  # nearly always
        return [number] if (number := cell.strip()) else []
    several = cell.split(_BETWEEN) if _BETWEEN in cell else cell.splitlines()
    return [number for each in several if (number := each.strip())]
