"""Phone numbers from where people keep them (reference: smsdrop.md, section 7)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from heliograph.contactfiles import open_contacts
from heliograph.domain.errors import InvalidField

COLUMNS = ("phone", "phones", "phone_number", "phone_numbers", "tel")
"""Names that a column of numbers may have in a CSV file of the published client: where one does, it alone is read."""
FILES = (".csv", ".tsv", ".xlsx", ".vcf")
"""Ends of the names of files that are read as tables; any other is a text."""
_BETWEEN = re.compile(r"[,;|\t\r\n]+")


def make_recipient_list(data: Iterable[str] | str | Path) -> list[str]:
    """Collect the numbers of an iterable, of a text or of a file.

    In a text they stand between commas, semicolons, bars, tabs or line breaks. A string that is the name of a file
    stands for the file. One whose name ends as in `FILES` is read as people have them (docs/contacts.md): CSV however
    it is divided and encoded, XLSX, vCards. It has its numbers in the first column that is called as in `COLUMNS`, or
    else in all whose headings say so; any other file is read as a text. Numbers are not checked; empty ones are left
    out. Raises ValueError for a table without numbers, OSError for a `Path` that can't be read.
    """
    if isinstance(data, str):
        data = Path(data) if _is_file(data) else _BETWEEN.split(data)
    if isinstance(data, Path):
        data = _table(data) if data.suffix.lower() in FILES else _BETWEEN.split(data.read_text("utf-8-sig"))
    return [number for each in data if (number := str(each).strip())]


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or with a character that none may have
        return False


def _table(file: Path) -> list[str]:
    with file.open("rb") as opened:
        try:
            contacts = open_contacts(opened)
            names = [column.name for column in contacts.columns]
            called = next((place for place, name in enumerate(names, 1) if name.lower() in COLUMNS), None)
            if called is not None and contacts.headed:
                contacts = open_contacts(opened, {str(called): "number"})
            return [number for entry in contacts for number in entry.numbers]
        except InvalidField as error:
            raise ValueError(f"{file.name} can't be read: {error}") from error
