"""Imports: contact files that are read into groups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from heliograph.api.wire.fields import ShortText
from heliograph.domain.imports import WHY_REJECTED as WHY_REJECTED


class ImportQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is to become of the file that is the body."""

    group: ShortText
    """The group's name; it is made if there is none."""
    mapping: str | None = None
    """What columns are: a JSON object of headings, or places from 1, and fields.

    A field is `number`, `first_name`, `last_name`, `email`, a name of your own, or `-` for a column to be left out.
    """
    region: Annotated[str, Meta(min_length=2, max_length=2)] | None = None
    """The country whose national numbers are read, in ISO 3166 alpha-2; null: the account's."""
    update: bool = False
    """Whether to overwrite what is known of contacts that are in the group already; blank values change nothing."""
    dry_run: bool = False
    """Whether to only say what would be."""
    file_name: ShortText | None = None


class ImportWait(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    timeout_s: Annotated[float, Meta(ge=0, le=30)] = 0.0
    """How many seconds to wait for its end, before it is shown as it is."""


class ImportedColumn(msgspec.Struct, kw_only=True):
    name: str
    """Its heading; its place from 1, if the file has no headings."""
    field: str | None
    """What is read from it; null if it is left out."""


class Import(msgspec.Struct, kw_only=True):
    """An import of a contact file."""

    id: str
    state: Literal["running", "done", "failed", "undoing", "undone"]
    group: str
    group_id: str | None
    """The group; null for a dry run into one that there is not."""
    dry_run: bool
    update: bool
    region: str | None
    file_name: str | None
    format: str
    """csv, xlsx or vcard."""
    encoding: str | None
    delimiter: str | None
    headings: bool
    """Whether the first row has the names of the columns."""
    columns: Sequence[ImportedColumn]
    rows: int
    """How many rows have been read."""
    added: int
    updated: int
    unchanged: int
    """How many were in the group already, and have not changed."""
    duplicates: int
    """How many numbers stood in an earlier row of the file."""
    rejected: int
    """How many rows, or numbers of rows, were not imported. The first 100,000 of them are listed."""
    undone: int
    """How many contacts were taken away or put back."""
    error: str | None
    """Why it failed."""
    created_at: datetime
    finished_at: datetime | None


class ImportPage(msgspec.Struct, kw_only=True):
    items: Sequence[Import]
    next: str | None


class RejectedRow(msgspec.Struct, kw_only=True):
    """A row of a file, or one of its numbers, that was not imported."""

    id: str
    row: int
    """The number that a spreadsheet shows beside it, or the place of a vCard in its file, from 1."""
    value: str
    reason: str
    cells: Sequence[str]
    """The whole row, as wide as the file has columns."""


class RejectedRowPage(msgspec.Struct, kw_only=True):
    items: Sequence[RejectedRow]
    next: str | None
