"""The program itself, which all other commands are below."""

from __future__ import annotations

from typing import Annotated

import typer

from heliograph import __version__
from heliograph.cli.shape import Commands


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"heliograph {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that stand before a command. The program's own help is that of `root`."""


root = Commands(
    help="A self-hosted SMS platform that speaks your provider's own API and keeps every message.", options=_options
)
