"""`heliograph export`: everything in a list as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heliograph.cli.listing import SinceOption, UntilOption
from heliograph.cli.output import say
from heliograph.cli.shape import Commands, Server, Written, connected
from heliograph.domain.statuses import Status

export = Commands("export", "Everything in a list as a file: CSV, XLSX or JSON lines, by the file's name.")

FileArgument = Annotated[Path, typer.Argument(help="The file: its name ends with .csv, .xlsx or .jsonl.")]
BomOption = Annotated[bool, typer.Option("--bom", help="Begin a CSV file with a mark, as Excel wants it.")]


@export.command("messages", Server, Written, example="failed.xlsx --status failed --since 7d")
def export_messages(
    file: FileArgument,
    q: Annotated[str | None, typer.Option("--search", help="Only with these words in the text.")] = None,
    to: Annotated[str | None, typer.Option(help="Only to this number.")] = None,
    originator: Annotated[str | None, typer.Option("--from", help="Only from this originator.")] = None,
    status: Annotated[Status | None, typer.Option(help="Only with this status.")] = None,
    batch: Annotated[str | None, typer.Option(help="Only of this batch.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only with this tag.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    bom: BomOption = False,
) -> None:
    """Write messages to a file, newest first."""
    with connected() as client:
        client.messages.export(
            file,
            bom=bom,
            q=q,
            to=to,
            originator=originator,
            status=status,
            batch_id=batch,
            tag=tag,
            since=since,
            until=until,
        )
    say(f"The messages are in {file}.", file=str(file))


@export.command("optouts", Server, Written, example="optouts.csv")
def export_optouts(file: FileArgument, bom: BomOption = False) -> None:
    """Write the numbers that must not be written to to a file."""
    with connected() as client:
        client.optouts.export(file, bom=bom)
    say(f"The opt-outs are in {file}.", file=str(file))
