"""How answers are written: tables for people at a terminal, and JSON lines, CSV or identifiers for programs.

A record is a shape of the API's or a mapping; all that is known of it is in JSON and CSV, and a table has the columns
that its command names. Nothing is wrapped or cut: no terminal is too narrow for an identifier that is to be copied.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import msgspec
import typer

from heliograph.cli.shape import Format, Written, given

if TYPE_CHECKING:
    from heliograph.services.exports import Cell

Record = msgspec.Struct | Mapping[str, Any]
_FIRST = 1_000
"""How many rows of a table decide how wide its columns are; those after them are written as they come."""


def output_format() -> Format:
    """Return how the running command's answer is to be written."""
    as_json, output = given(Written)
    if as_json:
        return Format.JSON
    return output or (Format.TABLE if sys.stdout.isatty() else Format.JSON)


def show(record: Record, *, id: str = "id") -> None:
    """Write what is known of one thing."""
    if output_format() is not Format.TABLE:
        show_all([record], (), id=id)
        return
    facts = [(_heading(name), shown(value)) for name, value in facts_of(record).items() if value is not None]
    width = max((len(name) for name, _ in facts), default=0)
    for name, value in facts:
        typer.echo(f"{name.ljust(width)}  {value}".rstrip())


def show_all(
    records: Iterable[Record],
    columns: Sequence[str],
    *,
    id: str = "id",
    limit: int | None = None,
    follows: bool = False,
) -> None:
    """Write several things, `limit` at most; a table of them has these columns.

    A table waits for many rows, to know how wide its columns are; one that `follows` what comes, for the first alone.
    """
    chosen = output_format()
    some = islice(records, limit)
    if chosen is Format.JSON:
        for record in some:
            typer.echo(
                msgspec.json.encode(record if isinstance(record, msgspec.Struct) else dict(record), enc_hook=str)
            )
    elif chosen is Format.IDS:
        for record in some:
            typer.echo(shown(facts_of(record)[id]))
    elif chosen is Format.CSV:
        _write_csv(some)
    else:
        _write_table(some, columns, 1 if follows else _FIRST)


def say(sentence: str, **facts: object) -> None:
    """Say what was done: a sentence to a person, and what it is about to a program."""
    if output_format() is Format.TABLE:
        typer.echo(sentence)
    else:
        show(facts, id=next(iter(facts)))


def note(sentence: str) -> None:
    """Tell a person besides; it is in no answer that a program reads."""
    typer.echo(sentence, err=output_format() is not Format.TABLE)


def shown(value: object) -> str:
    """Write a value for a person: on one line, and without what would move a terminal's cursor."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={shown(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value))
    text = str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def instant_text(at: datetime | None) -> str | None:
    """Write an instant, or nothing."""
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"


def facts_of(record: Record) -> dict[str, Any]:
    """Return what is known of a thing, by the names that the API has for it."""
    if not isinstance(record, msgspec.Struct):
        return dict(record)
    found: dict[str, Any] = msgspec.to_builtins(record, builtin_types=(datetime,))
    return found


def _heading(name: str) -> str:
    return name.replace("_", " ")


def _write_table(records: Iterable[Record], columns: Sequence[str], waits_for: int) -> None:
    lines = ([shown(facts.get(name)) for name in columns] for facts in map(facts_of, records))
    headings = [_heading(name) for name in columns]
    first = [headings, *islice(lines, waits_for)]
    widths = [max(map(len, column)) for column in zip(*first, strict=True)]
    for line in chain(first, lines):
        widths = [max(width, len(cell)) for width, cell in zip(widths, line, strict=True)]
        typer.echo(_padded(line, widths))


def _padded(line: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _write_csv(records: Iterable[Record]) -> None:
    """Write what is known of things; the first one says which columns there are."""
    from heliograph.services.exports import csv_lines

    names: list[str] | None = None
    for facts in map(facts_of, records):
        if names is None:
            names = list(facts)
            typer.echo(csv_lines([names]), nl=False)
        typer.echo(csv_lines([[_cell(facts.get(name)) for name in names]]), nl=False)


def _cell(value: object) -> Cell:
    if value is None or (isinstance(value, str | int | float) and not isinstance(value, bool)):
        return value
    return msgspec.json.encode(value, enc_hook=str).decode().strip('"')
