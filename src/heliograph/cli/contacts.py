"""The commands of contact files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.shared import DataDirOption, JsonOption, TokenOption, UrlOption, equations, out, print_facts

if TYPE_CHECKING:
    from heliograph.api import wire
    from heliograph.sdk import Client

contacts_app = typer.Typer(help="Contact files, into groups.", no_args_is_help=True)

_EVERY_S = 1.0
_SHOWN = 20
"""How many rejected rows a person is shown; a program gets all."""


@contacts_app.command("import")
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
    url: UrlOption = None,
    token: TokenOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import a contact file into a group. Exit code 1 if it could not be read to its end.

    For example: heliograph contacts import people.csv --group Customers --region DE --rejected mend.csv
    """
    from heliograph.sdk import Client

    mapping = equations(map_, "--map")
    with Client(url, token, data_dir=data_dir) as client:
        begun = client.imports.start(
            file.read_bytes(),
            group=group,
            mapping=mapping,
            region=None if region is None else region.upper(),
            update=update,
            dry_run=dry_run,
            file_name=file.name,
        )
        done = _watched(client, begun, as_json)
        rows = client.imports.rejected(done.id, page_size=1_000) if done.rejected else iter(())
        if as_json:
            named = [{"row": each.row, "value": each.value, "reason": each.reason} for each in rows]
            print_facts({**_facts(done), "rejected": named}, as_json)
        else:
            print_facts(_facts(done), as_json)
            for shown, each in enumerate(rows):
                if shown == _SHOWN:
                    out.print(f"... and {done.rejected - _SHOWN} more")
                    break
                out.print(f"row {each.row}: {each.value!r} {each.reason}", soft_wrap=True)
        if rejected is not None and done.rejected:
            rejected.write_bytes(client.imports.rejected_file(done.id))
    if done.state == "failed":
        raise typer.Exit(1)


@contacts_app.command("undo")
def undo_import(
    import_id: Annotated[str, typer.Argument(help="The import's id.")],
    url: UrlOption = None,
    token: TokenOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take away what an import has added, and put back what it has updated, unless that has changed since."""
    from heliograph.sdk import Client

    with Client(url, token, data_dir=data_dir) as client:
        done = _watched(client, client.imports.undo(import_id), as_json)
    facts = _facts(done)
    print_facts({name: facts[name] for name in ("id", "state", "group", "added", "updated", "undone")}, as_json)


def _watched(client: Client, begun: wire.Import, as_json: bool) -> wire.Import:
    """Wait for the end of an import, and show somebody at a terminal how far it is."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True, disable=as_json or not out.is_terminal) as progress:
        task = progress.add_task("reading")
        found = begun
        while found.finished_at is None:
            found = client.imports.get(begun.id, timeout_s=_EVERY_S)
            done = found.undone if found.state == "undoing" else found.rows
            progress.update(task, description=f"{found.state}: {done:,}")
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
