"""The commands of the data: backups, and the store itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heliograph.cli.output import note, output_format, say, show, show_all
from heliograph.cli.root import root
from heliograph.cli.shape import Commands, Exit, Format, Store, Written, administered, loaded

db = Commands("db", "The store: what is in it, whether it is sound, migrations.")

FileArgument = Annotated[Path, typer.Argument(help="The backup.")]


@root.command("backup", Store, Written, example="sms.backup")
def backup(
    file: FileArgument,
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Put the keys of the data directory into it, too.")
    ] = False,
) -> None:
    """Write the embedded store with its attachments into one file, also while a server runs."""
    from heliograph.runtime.backups import back_up

    made = back_up(loaded().settings, file, with_keys=with_keys)
    show(made.facts())
    if not made.keys:
        note(
            "No keys are in it: keep seal.key of the data directory elsewhere, or the setting seal_key; restoring it "
            "takes that."
        )


@root.command("restore", Store, Written, example="sms.backup --replace")
def restore(
    file: FileArgument,
    replace: Annotated[bool, typer.Option("--replace", help="Lose the store that is there.")] = False,
) -> None:
    """Put a backup in the place of the embedded store, which no server may run on."""
    from heliograph.runtime import backups

    settings = loaded().settings
    show(backups.restore(settings, file, replace=replace).facts())


@root.command("erase", Store, Written, example="+33612345678 --dry-run")
def erase(
    number: Annotated[str, typer.Argument(help="The number, such as +33612345678.")],
    account: Annotated[str | None, typer.Option(help="Only from the data of this account.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what names it.")] = False,
    forget_optouts: Annotated[
        bool, typer.Option("--forget-optouts", help="Its opt-outs, too: it may be written to again.")
    ] = False,
) -> None:
    """Erase a number from everything that is kept, also while servers run. Exit code 1 if some is still under way."""
    found = administered(
        lambda admin: admin.erase(number, account, dry_run=dry_run, forget_optouts=forget_optouts),
    )
    show(found)
    if found["on_their_way"] and not dry_run:
        raise typer.Exit(Exit.FAILED)


@db.command("status", Store, Written, example="")
def show_store() -> None:
    """Show the store's version and size, its rows, and the migrations that it has not had."""
    from heliograph.runtime import database

    facts = database.status(loaded().settings)
    show(facts)


@db.command("check", Store, Written, example="")
def check_store() -> None:
    """Look whether the store is sound, also while servers run. Exit code 1 if it is not."""
    from heliograph.runtime import database

    found = database.check(loaded().settings)
    if found or output_format() is not Format.TABLE:
        show_all([finding._asdict() for finding in found], ("check", "message"), id="check")
    else:
        note("The store is sound.")
    if found:
        raise typer.Exit(Exit.FAILED)


@db.command("migrate", Store, Written, example="--expand")
def migrate_store(
    expand: Annotated[
        bool, typer.Option("--expand", help="Only what processes of the version before can live with.")
    ] = False,
) -> None:
    """Apply the migrations that the store has not had, as the next start of a server would."""
    from heliograph.runtime import database

    done = database.migrate(loaded().settings, expand=expand)
    say(f"Done: {', '.join(done)}." if done else "There is nothing to do.", done=done)
