"""Sending to everybody in a contact file.

How it works. The file is read twice: first to its end, so that nothing is sent of a file with rows that can't be sent
to, and then as batches of a thousand rows. The key of each batch is made of the file's octets, the text, all options
and the batch's place, and the server keeps it with the batch: whoever ends the command midway and gives it again is
answered with the batches that are there already, and goes on behind them. Nothing has to be kept on this machine. A
file that was changed, or another text, is another sending.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import msgspec
import typer

from heliograph.cli.output import note, output_format, shown
from heliograph.cli.progress import progress
from heliograph.cli.shape import Exit, Format

if TYPE_CHECKING:
    from heliograph.contactfiles import Entry
    from heliograph.domain.contacts import Details
    from heliograph.sdk import Client
    from heliograph.sdk.calls import Parameters

ROWS_IN_A_BATCH = 1_000
_READ_AT_ONCE = 1 << 20
_SHOWN = 20
"""How many rejected rows a person is shown; a program gets all."""


class Content(NamedTuple):
    """What is sent, and how, apart from to whom."""

    text: str | None
    template: str | None
    originator: str | None
    parameters: Mapping[str, str]
    """What parameters stand for where a recipient has no value of its own."""
    title: str | None
    tags: Sequence[str]
    send_at: datetime | None
    marketing: bool

    def said(self, parameters: Parameters | None = None) -> dict[str, Any]:
        """Return what can be asked of a dry run, too, with the values of recipients besides."""
        values: dict[str, dict[str, str]] = {name: {"default": value} for name, value in self.parameters.items()}
        for name, own in (parameters or {}).items():
            values[name] = values.get(name, {}) | dict(own)
        return {
            "text": self.text,
            "template": self.template,
            "originator": self.originator,
            "parameters": values or None,
        }

    def sending(self) -> dict[str, Any]:
        """Return how messages are sent."""
        return {"tags": self.tags, "send_at": self.send_at, "marketing": self.marketing}


class Source(NamedTuple):
    """Who is sent to."""

    file: Path
    mapping: Mapping[str, str]
    region: str | None
    run: str
    """What is sent under another name is sent once more."""


class Rejected(NamedTuple):
    """A row, or one of its numbers, that can't be sent to."""

    row: int
    value: str
    reason: str
    cells: Sequence[str]


class _Part(NamedTuple):
    """Some rows of a file."""

    rows: int
    recipients: list[tuple[str, Details]]
    duplicates: int
    rejected: list[Rejected]


def send_to_file(
    client: Client, source: Source, content: Content, *, skip_rejected: bool, mend: Path | None, dry_run: bool
) -> dict[str, Any]:
    """Send to everybody in a file, and return what became of it.

    Ends the command with `Exit.REFUSED`, and sends nothing, if rows are rejected, unless they are to be skipped.
    """
    with source.file.open("rb") as file:
        found, rejected = _surveyed(file, source)
        if rejected and mend is not None:
            _write_rejected(mend, file, source, rejected)
        if rejected and not (skip_rejected or dry_run):
            for each in rejected[:_SHOWN]:
                typer.echo(f"row {each.row}: {shown(each.value)} {each.reason}", err=True)
            share = f"{len(rejected)} of {found['rows']} rows"
            why = "can't be sent to, and so nothing was sent; mend them, or give --skip-rejected."
            typer.echo(f"heliograph: {share} {why}", err=True)
            raise typer.Exit(Exit.REFUSED)
        names = _fields_of(_parameters(client, content), file, source)
        did = _tried(client, file, source, content, names) if dry_run else _sent(client, file, source, content, names)
    shows = _SHOWN if output_format() is Format.TABLE else None
    told = [{"row": each.row, "value": each.value, "reason": each.reason} for each in rejected[:shows]]
    return found | did | {"rejected_rows": told}


def _surveyed(file: BinaryIO, source: Source) -> tuple[dict[str, Any], list[Rejected]]:
    rows = recipients = duplicates = 0
    rejected: list[Rejected] = []
    with progress("reading") as show:
        for part in _parts(file, source):
            rows, recipients, duplicates = (
                rows + part.rows,
                recipients + len(part.recipients),
                duplicates + part.duplicates,
            )
            rejected += part.rejected
            show(rows)
    counts = {"rows": rows, "recipients": recipients, "duplicates": duplicates, "rejected": len(rejected)}
    return counts, rejected


def _parts(file: BinaryIO, source: Source) -> Iterator[_Part]:
    """Read a file from its beginning. Raises UnreadableFile."""
    from heliograph.contactfiles import open_contacts

    file.seek(0)
    entries = iter(open_contacts(file, source.mapping))
    met: set[int] = set()
    while rows := list(islice(entries, ROWS_IN_A_BATCH)):
        yield _part(rows, source.region, met)


def _part(rows: Sequence[Entry], region: str | None, met: set[int]) -> _Part:
    from heliograph.numbers import normalise_many

    texts = [(entry, number) for entry in rows for number in entry.numbers]
    found = normalise_many([number for _, number in texts], region=None if region is None else region.upper())
    wrong = {each.index: each.reason for each in found.invalid}
    rejected = [Rejected(each.row, each.value, each.problem, each.cells) for each in rows if each.problem is not None]
    rejected += [
        Rejected(texts[place][0].row, texts[place][1], reason, texts[place][0].cells) for place, reason in wrong.items()
    ]
    good = [entry.details for place, (entry, _) in enumerate(texts) if place not in wrong]
    recipients: list[tuple[str, Details]] = []
    for msisdn, details in zip(found.msisdns, good, strict=True):
        if (number := int(msisdn)) not in met:
            met.add(number)
            recipients.append((msisdn, details))
    rejected.sort(key=lambda each: each.row)
    return _Part(len(rows), recipients, len(good) - len(recipients), rejected)


def _parameters(client: Client, content: Content) -> frozenset[str]:
    """Return the names that the text, or the template's, has."""
    from heliograph.text.parameters import Template

    if content.text is not None:
        return Template(content.text).names
    named = content.template
    for each in client.templates.list():
        if named in (each.name, str(each.number)):
            return Template(each.text).names
    return frozenset()


def _fields_of(names: Iterable[str], file: BinaryIO, source: Source) -> dict[str, str]:
    """Return what of a contact stands for each name; a heading stands for its column, whatever that was taken for."""
    from heliograph.contactfiles import open_contacts

    file.seek(0)
    columns = {column.name: column.field for column in open_contacts(file, source.mapping).columns}
    return {name: columns.get(name) or name for name in names}


def _asked(content: Content, names: Mapping[str, str], part: _Part) -> dict[str, Any]:
    """Return what is asked for a part of a file: its recipients, and what the text says to each."""
    values: dict[str, dict[str, str]] = {}
    for name, field in names.items():
        own = {f"+{msisdn}": value for msisdn, details in part.recipients if (value := details.value_of(field))}
        if own:
            values[name] = own
    return {"to": [f"+{msisdn}" for msisdn, _ in part.recipients], **content.said(values)}


def _sent(client: Client, file: BinaryIO, source: Source, content: Content, names: Mapping[str, str]) -> dict[str, Any]:
    newest = client.batches.list(page_size=1).next_page()
    before = newest.items[0].id if newest and newest.items else ""
    key, batches, already = _key(file, source, content), [], 0
    rows = 0
    try:
        with progress("sending") as show:
            for place, part in enumerate(_parts(file, source)):
                rows += part.rows
                if part.recipients:
                    asked = _asked(content, names, part)
                    batch = client.batches.send(
                        **asked, **content.sending(), title=content.title, idempotency_key=f"{key}-{place}"
                    )
                    batches.append(batch.id)
                    already += len(part.recipients) if batch.id <= before else 0
                show(rows)
    except BaseException:
        note(f"{len(batches)} batches were sent. The same command goes on behind them, and sends nothing twice.")
        raise
    if already:
        note(f"{already} recipients had been sent to before by the same command; --run NAME sends to them once more.")
    return {"already": already, "batches": batches}


def _tried(
    client: Client, file: BinaryIO, source: Source, content: Content, names: Mapping[str, str]
) -> dict[str, Any]:
    parts, failing, price = 0, 0, Decimal(0)
    for part in _parts(file, source):
        if part.recipients:
            told = client.batches.dry_run(**_asked(content, names, part))
            parts, failing, price = parts + told.parts, failing + told.failing, price + Decimal(told.price)
    return {"parts": parts, "price": str(price), "failing": failing}


def _key(file: BinaryIO, source: Source, content: Content) -> str:
    """Make what names this sending: the same for the same file, text and options, and different for any other."""
    file.seek(0)
    digest = hashlib.sha256()
    while octets := file.read(_READ_AT_ONCE):
        digest.update(octets)
    said = (ROWS_IN_A_BATCH, dict(source.mapping), source.region, source.run, content)
    digest.update(msgspec.json.encode(said, order="deterministic"))
    return digest.hexdigest()


def _write_rejected(mend: Path, file: BinaryIO, source: Source, rejected: Sequence[Rejected]) -> None:
    """Write rejected rows as they were, each with what is wrong with it in a last column."""
    from heliograph.contactfiles import open_contacts
    from heliograph.domain.imports import WHY_REJECTED

    file.seek(0)
    names = [column.name for column in open_contacts(file, source.mapping).columns]
    with mend.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow([*names, WHY_REJECTED])
        for each in rejected:
            row = [*each.cells, *[""] * (len(names) - len(each.cells))]
            writer.writerow([*row, f"{each.value}: {each.reason}" if each.value else each.reason])
