"""The commands of contact files."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.output import output_format, show, shown
from heliograph.cli.progress import progress
from heliograph.cli.shape import Commands, Exit, Format, Server, Written, connected, equations

if TYPE_CHECKING:
    from heliograph.api import wire
    from heliograph.sdk import Client

contacts = Commands("contacts", "Contact files, into groups.")

_EVERY_S = 1.0
_SHOWN = 20
"""How many rejected rows a person is shown; a program gets all."""


@contacts.command("import", Server, Written, example="people.csv --group Customers --region DE --rejected mend.csv")
def import_contacts(
    file: Annotated[Path, typer.Argument(help="A CSV file, a workbook (XLSX) or vCards.", exists=True, dir_okay=False)],
    group: Annotated[str, typer.Option(help="The group's name; it is made if there is none.")],
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="COLUMN=FIELD: a heading, or a place from 1; number, first_name, last_name, email, a name of your "
            "own, or - to leave it out. May be repeated.",
        ),
    ] = None,
    region: Annotated[str | None, typer.Option(help="The country of national numbers, such as DE.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be.")] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Overwrite what is known of contacts that are in the group already.")
    ] = False,
    rejected: Annotated[
        Path | None, typer.Option(help="Write the rejected rows here as CSV, to mend them and import them again.")
    ] = None,
) -> None:
    """Import a contact file into a group. Exit code 1 if it could not be read to its end."""
    mapping = equations(map_, "--map")
    with connected() as client:
        begun = client.imports.start(
            file.read_bytes(),
            group=group,
            mapping=mapping,
            region=None if region is None else region.upper(),
            update=update,
            dry_run=dry_run,
            file_name=file.name,
        )
        done = _watched(client, begun)
        rows = client.imports.rejected(done.id, page_size=1_000) if done.rejected else iter(())
        if output_format() is Format.TABLE:
            show(_facts(done))
            for each in islice(rows, _SHOWN):
                typer.echo(f"row {each.row}: {shown(each.value)} {each.reason}")
            if done.rejected > _SHOWN:
                typer.echo(f"... and {done.rejected - _SHOWN} more")
        else:
            named = [{"row": each.row, "value": each.value, "reason": each.reason} for each in rows]
            show({**_facts(done), "rejected": named})
        if rejected is not None and done.rejected:
            rejected.write_bytes(client.imports.rejected_file(done.id))
    if done.state == "failed":
        raise typer.Exit(Exit.FAILED)


@contacts.command("undo", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def undo_import(import_id: Annotated[str, typer.Argument(help="The import's id.")]) -> None:
    """Take away what an import has added, and put back what it has updated, unless that has changed since."""
    with connected() as client:
        done = _watched(client, client.imports.undo(import_id))
    facts = _facts(done)
    show({name: facts[name] for name in ("id", "state", "group", "added", "updated", "undone")})


def _watched(client: Client, begun: wire.Import) -> wire.Import:
    """Wait for the end of an import, and show somebody at a terminal how far it is."""
    with progress("reading") as show_progress:
        found = begun
        while found.finished_at is None:
            found = client.imports.get(begun.id, timeout_s=_EVERY_S)
            done = found.undone if found.state == "undoing" else found.rows
            show_progress(done, found.state)
    return found


def _facts(done: wire.Import) -> Mapping[str, object]:
    columns = {column.name: column.field for column in done.columns if column.field is not None}
    return {
        "id": done.id,
        "state": done.state,
        "group": done.group,
        "format": done.format,
        "encoding": done.encoding,
        "delimiter": done.delimiter,
        "columns": columns,
        "rows": done.rows,
        "added": done.added,
        "updated": done.updated,
        "unchanged": done.unchanged,
        "duplicates": done.duplicates,
        "rejected": done.rejected,
        "undone": done.undone,
        "dry_run": done.dry_run,
        "error": done.error,
    }
