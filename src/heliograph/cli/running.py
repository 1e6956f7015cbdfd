"""The commands of an installation's processes: starting them, their settings, and its first administrator."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.output import output_format, say, show, show_all
from heliograph.cli.people import PasswordOption, asked_password, print_person
from heliograph.cli.root import root
from heliograph.cli.shape import (
    Commands,
    ConfigOption,
    Configured,
    DataDirOption,
    Exit,
    Format,
    GraceOption,
    Store,
    StoreOption,
    Written,
    administered,
    load,
    loaded,
)
from heliograph.domain.errors import HeliographError

if TYPE_CHECKING:
    from heliograph.runtime.addresses import Addresses
    from heliograph.runtime.settings import Loaded

console = Commands("console", "The sandbox's inbox in the browser.")

HostOption = Annotated[str | None, typer.Option("--host", help="The address to listen on.")]
PortOption = Annotated[int | None, typer.Option("--port", help="The port to listen on; 0 takes any free one.")]
ReadyFileOption = Annotated[
    Path | None,
    typer.Option("--ready-file", help="Written with all addresses and credentials once requests are accepted."),
]


ProcessesOption = Annotated[
    int | None, typer.Option("--processes", help="How many processes share the work; several need PostgreSQL.")
]


@root.command("serve", example="--port 8460 --store postgresql://sms@db/sms")
def serve(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    host: HostOption = None,
    port: PortOption = None,
    store: StoreOption = None,
    balance: Annotated[float | None, typer.Option(help="What each sandbox account has to spend.")] = None,
    rate_limit: Annotated[int | None, typer.Option(help="Requests a second that an account may make.")] = None,
    processes: ProcessesOption = None,
    ready_file: ReadyFileOption = None,
) -> None:
    """Start Heliograph: API, dispatcher, sandbox operator and web inbox in one process, or in several."""
    flags = {
        "data_dir": data_dir,
        "host": host,
        "port": port,
        "store": store,
        "balance": balance,
        "rate_limit": rate_limit,
        "processes": processes,
    }
    _run("all", config, flags, ready_file)


@root.command("api", example="--store postgresql://sms@db/sms --processes 2")
def api(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    host: HostOption = None,
    port: PortOption = None,
    store: StoreOption = None,
    processes: ProcessesOption = None,
    ready_file: ReadyFileOption = None,
) -> None:
    """Start a process that serves clients and accepts messages, beside workers that send them. Needs PostgreSQL."""
    flags = {"data_dir": data_dir, "host": host, "port": port, "store": store, "processes": processes}
    _run("api", config, flags, ready_file)


@root.command("worker", example="--store postgresql://sms@db/sms")
def worker(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    processes: ProcessesOption = None,
    ready_file: ReadyFileOption = None,
) -> None:
    """Start a process that sends what others accept, calls back, and does what falls due. Needs PostgreSQL."""
    _run("worker", config, {"data_dir": data_dir, "store": store, "processes": processes}, ready_file)


@root.command("processes", Store, Written, example="--store postgresql://sms@db/sms")
def list_processes() -> None:
    """List the processes that share the PostgreSQL store, and which of them leads."""
    found = administered(lambda admin: admin.list_processes())
    show_all(found, ("role", "host", "pid", "version", "started_at", "heard_of_s", "leads"))


def _run(role: str, config: Path | None, flags: Mapping[str, object], ready_file: Path | None) -> None:
    """Run a process of this role until it is stopped. Raises SetupError.

    Where logs are JSON, so is all that it says to others than a person at a terminal.
    """
    from heliograph.cli.banner import banner, facts
    from heliograph.runtime import logs
    from heliograph.runtime.processes import Role
    from heliograph.runtime.serve import start

    as_json = os.environ.get("HELIOGRAPH_LOG_FORMAT") == logs.JSON and not sys.stdout.isatty()
    if as_json:
        logs.configure("info", logs.JSON)  # the settings themselves may be wrong

    def announce(addresses: Addresses) -> None:
        if as_json:
            logs.process().info("running", role=role, **facts(addresses, settings, ready_file))
        else:
            typer.echo(banner(addresses, settings, ready_file, on_terminal=sys.stdout.isatty()))

    try:

        def reread() -> Loaded:
            return load(config, flags)

        loaded = reread()
        settings = loaded.settings
        logs.configure(settings.log_level, settings.log_format)
        as_json = settings.log_format == logs.JSON and not sys.stdout.isatty()
        start(loaded, reread, role=Role(role), ready_file=ready_file, announce=announce)
    except HeliographError as error:
        if not as_json:
            raise
        logs.process().error("not started", error=error.message)
        raise typer.Exit(Exit.REFUSED) from error
    if as_json:
        logs.process().info("stopped")
    else:
        typer.echo("Stopped. Everything that was accepted is kept.")


@root.command("config", Configured, Written, example="--config heliograph.toml")
def config() -> None:
    """Show the settings in force, and where each comes from."""
    from heliograph.runtime.settings import described

    columns = ("setting", "value", "from", "meaning")
    rows = (dict(zip(columns, row, strict=True)) for row in described(loaded()))
    show_all(rows, columns, id="setting")


@root.command("init", Store, Written, example="--email vera@example.com")
def init(
    email: Annotated[
        str | None, typer.Option(help="Make a person instead of a key, who signs in with this and a password.")
    ] = None,
    password_file: PasswordOption = None,
) -> None:
    """Make the administrator of a new installation: a key, which is printed this once, or a person."""
    if email is not None:
        password = asked_password(password_file)
        person = administered(lambda admin: admin.make_first_person(email, password))
        print_person(person)
        return
    made = administered(lambda admin: admin.make_administrator())
    show({"id": made.id, "account": made.account.name, **made.parts})


@console.command("open", Written, example="--data-dir data")
def open_console(data_dir: DataDirOption = None) -> None:
    """Open the inbox of the server on this machine in a browser; where there is none, print the address to open."""
    import webbrowser

    from heliograph.sdk.connection import NoConnection, known

    found = known(data_dir)
    if not found.console.url:
        raise NoConnection("The server has no sandbox, and so no inbox.")
    if output_format() is Format.TABLE and webbrowser.open(found.console.url):
        say(f"The inbox of {found.base_url} is open in the browser.", url=found.console.url)
    else:
        say(found.console.url, url=found.console.url)


@console.command("rotate", Store, Written, example="--grace 24h")
def rotate_console_key(grace: GraceOption = None) -> None:
    """Give the inbox another link, and print its path; who came by the old one has to come by the new."""
    path = administered(lambda admin: admin.rotate_console_key(grace))
    say(path, path=path)
