"""Phone numbers from where people keep them (reference: smsdrop.md, section 7)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path

COLUMNS = ("phone", "phones", "phone_number", "phone_numbers", "tel")
"""Names that a column of numbers may have in a CSV file."""
_BETWEEN = re.compile(r"[,;|\t\r\n]+")


def make_recipient_list(data: Iterable[str] | str | Path) -> list[str]:
    """Collect the numbers of an iterable, of a text or of a file.

    In a text they stand between commas, semicolons, bars, tabs or line breaks. A string that is the name of a file
    stands for the file. One whose name ends in `.csv` has its numbers in the first column that is called as in
    `COLUMNS`; any other is read as a text. Numbers are not checked; empty ones are left out. Raises ValueError for a
    CSV file without such a column, OSError for a `Path` that can't be read.
    """
    if isinstance(data, str):
        data = Path(data) if _is_file(data) else _BETWEEN.split(data)
    if isinstance(data, Path):
        data = _column(data) if data.suffix.lower() == ".csv" else _BETWEEN.split(data.read_text("utf-8-sig"))
    return [number for each in data if (number := str(each).strip())]


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or with a character that none may have
        return False


def _column(file: Path) -> list[str]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = csv.DictReader(opened)
        names = [name for name in rows.fieldnames or () if name.strip().lower() in COLUMNS]
        if not names:
            raise ValueError(f"{file.name} has no column that is called {', '.join(COLUMNS)}")
        return [row[names[0]] or "" for row in rows]
