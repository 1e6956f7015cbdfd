"""What several commands have in common: their options, and how they print."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from heliograph.runtime.administration import Administration
    from heliograph.runtime.settings import Loaded

T = TypeVar("T")

out = Console(highlight=False, markup=False)  # what people wrote to each other is shown as it is

ConfigOption = Annotated[
    Path | None, typer.Option("--config", envvar="HELIOGRAPH_CONFIG", help="The settings file (TOML).")
]
DataDirOption = Annotated[Path | None, typer.Option("--data-dir", help="The data directory.")]
StoreOption = Annotated[str | None, typer.Option("--store", help="A postgresql:// URL instead of the embedded store.")]
UrlOption = Annotated[str | None, typer.Option("--url", envvar="HELIOGRAPH_URL", help="The server's address.")]
TokenOption = Annotated[str | None, typer.Option("--token", envvar="HELIOGRAPH_TOKEN", help="An API token.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
GraceOption = Annotated[
    str | None,
    typer.Option(help="How long the old one is good besides, such as 24h (s, m, h, d); it ends at once if not given."),
]


def load(config: Path | None, flags: Mapping[str, object]) -> Loaded:
    """Read the settings. Raises SetupError."""
    from heliograph.runtime.settings import load

    return load(file=config, environment=os.environ, flags=flags)


def administered(
    config: Path | None, data_dir: Path | None, store: str | None, work: Callable[[Administration], Awaitable[T]]
) -> T:
    """Do something to the store, beside the servers that run on it. Raises HeliographError."""
    from heliograph.runtime import administration

    return administration.run(load(config, {"data_dir": data_dir, "store": store}).settings, work)


def commas(text: str | None) -> list[str] | None:
    """Read a list that is separated by commas."""
    from heliograph.domain.amounts import commas_in

    return None if text is None else commas_in(text)


def equations(given: Sequence[str] | None, option: str) -> dict[str, str] | None:
    """Read several `NAME=VALUE`s."""
    if given is None:
        return None
    pairs = [each.partition("=") for each in given]
    if wrong := [each for each, (_, equals, _) in zip(given, pairs, strict=True) if not equals]:
        raise typer.BadParameter(f"{wrong[0]!r} is not NAME=VALUE.", param_hint=option)
    return {name: value for name, _, value in pairs}


def print_facts(facts: Mapping[str, object], as_json: bool) -> None:
    """Print what is known of one thing."""
    if as_json:
        out.print_json(data=dict(facts))
        return
    table = Table(show_header=False, box=None)
    for name, value in facts.items():
        if value is not None:
            table.add_row(name, shown(value))
    out.print(table)


def print_list(rows: Sequence[Mapping[str, object]], names: Sequence[str], as_json: bool) -> None:
    """Print several things: all that is known of each as JSON, or a table with the named facts."""
    if as_json:
        out.print_json(data=[dict(row) for row in rows])
        return
    lines = [[name.replace("_", " ") for name in names], *([shown(row[name]) for name in names] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:  # no terminal is too narrow for an identifier that is to be copied
        padded = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        out.print(padded.rstrip(), soft_wrap=True)


def shown(value: object) -> str:
    """Write a value for a person."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={shown(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def instant_text(at: datetime | None) -> str | None:
    """Write an instant, or nothing."""
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"
