"""Imports: contact files that are read into a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

WHY_REJECTED = "rejected because"
"""The heading of a column that says what was wrong with a row: it is left out when the file is read again."""


KEPT_REJECTED = 100_000
"""How many rejected rows of an import are kept, the first ones; the others are only counted."""


class ImportState(StrEnum):
    RUNNING = "running"
    """Rows are being read; the counts say how far."""
    DONE = "done"
    """All rows have been read."""
    FAILED = "failed"
    """The rest could not be read, or the group is gone; what was added before is there."""
    UNDOING = "undoing"
    UNDONE = "undone"
    """What it had added and updated is as it was before, but for what has changed since."""


class ImportWish(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer asks for with a file."""

    group: str
    """The group's name; it is made if there is none."""
    mapping: Mapping[str, str] = {}
    """What columns are, by their headings or places (`contactfiles.open_contacts`)."""
    region: str | None = None
    """The country whose national numbers are read, in ISO 3166 alpha-2."""
    update: bool = False
    """Whether what the file says, and is not blank, overwrites what was known of members."""
    dry_run: bool = False
    """Whether nothing is added, and only said what would be."""
    file_name: str | None = None


class ColumnRead(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a file, and the field that is read from it; None if it is left out."""

    name: str
    field: str | None


class Understood(msgspec.Struct, frozen=True, kw_only=True):
    """How a file was found to be written."""

    format: str
    """csv, xlsx or vcard."""
    encoding: str | None = None
    delimiter: str | None = None
    headings: bool = True
    """Whether the first row has the names of the columns."""
    columns: Sequence[ColumnRead] = ()


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many numbers of a file have come to what."""

    rows: int = 0
    """How many rows were read; blank ones are not counted."""
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    """Were in the group already, and stayed as they were."""
    duplicates: int = 0
    """Stood in an earlier row of the file."""
    rejected: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Return the sums."""
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """An import, as it is stored."""

    id: str
    account_id: str
    number: int
    """Its place among all imports of the account: members bear it until something else changes them."""
    group_id: str | None
    """None for a dry run into a group that there is not."""
    state: ImportState
    wish: ImportWish
    understood: Understood
    file: str | None
    """Where the file is kept until its rows are read."""
    counts: Counts = Counts()
    undone: int = 0
    """How many members an undoing has taken away or put back."""
    error: str | None = None
    """Why it failed."""
    created_at: datetime
    finished_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Say that nothing of it is still to be done."""
        return self.state not in (ImportState.RUNNING, ImportState.UNDOING)


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A row, or one number of a row, that was not imported."""

    row: int
    value: str
    reason: str
    cells: Sequence[str] = ()
    """The whole row."""
