"""The commands of the data: backups."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heliograph.cli.shared import ConfigOption, DataDirOption, JsonOption, StoreOption, load, out, print_facts

FileArgument = Annotated[Path, typer.Argument(help="The backup.")]


def backup(
    file: FileArgument,
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Put the keys of the data directory into it, too.")
    ] = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the embedded store with its attachments into one file, also while a server runs."""
    from heliograph.runtime.backups import back_up

    made = back_up(load(config, {"data_dir": data_dir, "store": store}).settings, file, with_keys=with_keys)
    print_facts(made.facts(), as_json)
    if not made.keys and not as_json:
        out.print(
            "No keys are in it: keep seal.key of the data directory elsewhere, or the setting seal_key; restoring it "
            "takes that.",
            soft_wrap=True,
        )


def restore(
    file: FileArgument,
    replace: Annotated[bool, typer.Option("--replace", help="Lose the store that is there.")] = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a backup in the place of the embedded store, which no server may run on."""
    from heliograph.runtime import backups

    settings = load(config, {"data_dir": data_dir, "store": store}).settings
    print_facts(backups.restore(settings, file, replace=replace).facts(), as_json)
