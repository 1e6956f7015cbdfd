"""The commands of the data: backups, and the store itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heliograph.cli.shared import (
    ConfigOption,
    DataDirOption,
    JsonOption,
    StoreOption,
    administered,
    load,
    out,
    print_facts,
    print_list,
)

db_app = typer.Typer(help="The store: what is in it, whether it is sound, migrations.", no_args_is_help=True)

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


def erase(
    number: Annotated[str, typer.Argument(help="The number, such as +33612345678.")],
    account: Annotated[str | None, typer.Option(help="Only from the data of this account.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what names it.")] = False,
    forget_optouts: Annotated[
        bool, typer.Option("--forget-optouts", help="Its opt-outs, too: it may be written to again.")
    ] = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase a number from everything that is kept, also while servers run. Exit code 1 if some is still under way."""
    found = administered(
        config,
        data_dir,
        store,
        lambda admin: admin.erase(number, account, dry_run=dry_run, forget_optouts=forget_optouts),
    )
    print_facts(found, as_json)
    if found["on_their_way"] and not dry_run:
        raise typer.Exit(1)


@db_app.command("status")
def show_store(
    config: ConfigOption = None, data_dir: DataDirOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Show the store's version and size, its rows, and the migrations that it has not had."""
    from heliograph.runtime import database

    facts = database.status(load(config, {"data_dir": data_dir, "store": store}).settings)
    print_facts(facts, as_json)


@db_app.command("check")
def check_store(
    config: ConfigOption = None, data_dir: DataDirOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Look whether the store is sound, also while servers run. Exit code 1 if it is not."""
    from heliograph.runtime import database

    found = database.check(load(config, {"data_dir": data_dir, "store": store}).settings)
    if found or as_json:
        print_list([finding._asdict() for finding in found], ["check", "message"], as_json)
    else:
        out.print("The store is sound.")
    if found:
        raise typer.Exit(1)


@db_app.command("migrate")
def migrate_store(
    expand: Annotated[
        bool, typer.Option("--expand", help="Only what processes of the version before can live with.")
    ] = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
) -> None:
    """Apply the migrations that the store has not had, as the next start of a server would."""
    from heliograph.runtime import database

    done = database.migrate(load(config, {"data_dir": data_dir, "store": store}).settings, expand=expand)
    out.print(f"Done: {', '.join(done)}." if done else "There is nothing to do.", soft_wrap=True)
