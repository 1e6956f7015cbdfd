"""The commands of contact files."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.exporting import BomOption, FileArgument
from heliograph.cli.groups import GroupArgument, complete_names, group_named
from heliograph.cli.listing import AllOption, LimitOption, limit_of, page_of
from heliograph.cli.output import note, output_format, say, show, show_all, shown
from heliograph.cli.progress import progress
from heliograph.cli.shape import Commands, Exit, Format, Server, Written, completing, connected, equations
from heliograph.domain.imports import KEPT_REJECTED

if TYPE_CHECKING:
    from heliograph.api import wire
    from heliograph.cli.shape import Completed
    from heliograph.sdk import Client

contacts = Commands("contacts", "Contact files, into groups and back out.")

_SHOWN = 20
"""How many rejected rows a person is shown; a program gets all."""


def _imports(client: Client) -> Completed:
    page = client.imports.list(page_size=_SHOWN).next_page()
    return [(each.id, f"{each.state}: {each.file_name or ''} to {each.group}") for each in page.items] if page else []


ImportArgument = Annotated[str, typer.Argument(help="An import's id.", autocompletion=completing(_imports))]


@contacts.command("import", Server, Written, example="people.csv --group Customers --region DE --rejected mend.csv")
def import_contacts(
    file: Annotated[Path, typer.Argument(help="A CSV file, a workbook (XLSX) or vCards.", exists=True, dir_okay=False)],
    group: Annotated[
        str, typer.Option(help="The group's name; it is made if there is none.", autocompletion=complete_names)
    ],
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
            file,
            group=group,
            mapping=mapping,
            region=None if region is None else region.upper(),
            update=update,
            dry_run=dry_run,
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
        if done.rejected > KEPT_REJECTED:
            note(f"Of {done.rejected} rejected rows the first {KEPT_REJECTED} are kept; mend these, and import again.")
    if done.state == "failed":
        raise typer.Exit(Exit.FAILED)


@contacts.command("export", Server, Written, example="Customers customers.xlsx")
def export_contacts(group: GroupArgument, file: FileArgument, bom: BomOption = False) -> None:
    """Write a group's contacts to a file, CSV, XLSX or JSON lines by its name. The tables can be imported again."""
    with connected() as client:
        found = group_named(client, group)
        client.contacts.export(found.id, file, bom=bom)
    say(f"{group} is in {file}.", file=str(file), group=found.id)


@contacts.command("list", Server, Written, example="Customers --all --output csv")
def list_contacts(group: GroupArgument, limit: LimitOption = 20, everything: AllOption = False) -> None:
    """List a group's contacts, newest first."""
    wanted = limit_of(limit, everything)
    with connected() as client:
        found = client.contacts.list(group_named(client, group).id, page_size=page_of(wanted))
        columns = ("number", "first_name", "last_name", "email", "fields", "opted_out")
        show_all(found, columns, id="number", limit=wanted)


@contacts.command("imports", Server, Written, example="--limit 5")
def list_imports(limit: LimitOption = 20, everything: AllOption = False) -> None:
    """List imports, newest first."""
    wanted = limit_of(limit, everything)
    with connected() as client:
        found = client.imports.list(page_size=page_of(wanted))
        columns = ("id", "state", "group", "file_name", "rows", "added", "updated", "rejected", "created_at")
        show_all(found, columns, limit=wanted)


@contacts.command("undo", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def undo_import(import_id: ImportArgument) -> None:
    """Take away what an import has added, and put back what it has updated, unless that has changed since."""
    with connected() as client:
        done = _watched(client, client.imports.undo(import_id))
    facts = _facts(done)
    show({name: facts[name] for name in ("id", "state", "group", "added", "updated", "undone")})


def _watched(client: Client, begun: wire.Import) -> wire.Import:
    """Wait for the end of an import, and show somebody at a terminal how far it is."""
    with progress("reading") as show_progress:
        found = begun
        for found in client.imports.events(begun.id):
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
