"""The commands. What takes long to import is imported by the command that needs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from heliograph import __version__
from heliograph.cli.accounts import accounts_app
from heliograph.cli.audit import audit_app
from heliograph.cli.contacts import contacts_app
from heliograph.cli.data import backup, db_app, erase, restore
from heliograph.cli.keys import keys_app
from heliograph.cli.people import PasswordOption, asked_password, people_app, print_person
from heliograph.cli.shared import (
    ConfigOption,
    DataDirOption,
    GraceOption,
    JsonOption,
    StoreOption,
    TokenOption,
    UrlOption,
    administered,
    load,
    out,
    print_facts,
    print_list,
)
from heliograph.cli.smpp import smpp_app
from heliograph.domain.errors import HeliographError

if TYPE_CHECKING:
    from heliograph.runtime.addresses import Addresses
    from heliograph.runtime.settings import Settings
    from heliograph.sdk import Client

app = typer.Typer(
    help="A self-hosted SMS platform that speaks your provider's own API and keeps every message.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
app.add_typer(accounts_app, name="accounts")
app.add_typer(keys_app, name="keys")
app.add_typer(people_app, name="people")
app.add_typer(audit_app, name="audit")
app.add_typer(contacts_app, name="contacts")
app.command()(backup)
app.command()(restore)
app.command()(erase)
app.add_typer(db_app, name="db")
app.add_typer(smpp_app, name="smpp")
console_app = typer.Typer(help="The sandbox's inbox in the browser.", no_args_is_help=True)
app.add_typer(console_app, name="console")


def _show_version(wanted: bool) -> None:
    if wanted:
        out.print(f"heliograph {__version__}")
        raise typer.Exit


@app.callback()
def heliograph(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that stand before a command. The program's own help is that of `app`."""


HostOption = Annotated[str | None, typer.Option("--host", help="The address to listen on.")]
PortOption = Annotated[int | None, typer.Option("--port", help="The port to listen on; 0 takes any free one.")]
ReadyFileOption = Annotated[
    Path | None,
    typer.Option("--ready-file", help="Written with all addresses and credentials once requests are accepted."),
]


ProcessesOption = Annotated[
    int | None, typer.Option("--processes", help="How many processes share the work; several need PostgreSQL.")
]


@app.command()
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


@app.command()
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


@app.command()
def worker(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    processes: ProcessesOption = None,
    ready_file: ReadyFileOption = None,
) -> None:
    """Start a process that sends what others accept, calls back, and does what falls due. Needs PostgreSQL."""
    _run("worker", config, {"data_dir": data_dir, "store": store, "processes": processes}, ready_file)


@app.command("processes")
def list_processes(
    config: ConfigOption = None, data_dir: DataDirOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """List the processes that share the PostgreSQL store, and which of them leads."""
    found = administered(config, data_dir, store, lambda admin: admin.list_processes())
    print_list(found, ("role", "host", "pid", "version", "started_at", "heard_of_s", "leads"), as_json)


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
            out.print(banner(addresses, settings, ready_file, on_terminal=sys.stdout.isatty()), soft_wrap=True)

    try:

        def reread() -> Settings:
            return load(config, flags).settings

        settings = reread()
        logs.configure(settings.log_level, settings.log_format)
        as_json = settings.log_format == logs.JSON and not sys.stdout.isatty()
        start(settings, reread, role=Role(role), ready_file=ready_file, announce=announce)
    except HeliographError as error:
        if not as_json:
            raise
        logs.process().error("not started", error=error.message)
        raise typer.Exit(2) from error
    if as_json:
        logs.process().info("stopped")
    else:
        out.print("Stopped. Everything that was accepted is kept.")


@app.command()
def send(
    to: Annotated[str, typer.Argument(help="The recipient, such as +33612345678.")],
    text: Annotated[str | None, typer.Argument(help="The text, unless a template has it.")] = None,
    originator: Annotated[str | None, typer.Option("--from", help="A number, a short code or a name.")] = None,
    template: Annotated[str | None, typer.Option(help="A template's number or name, instead of a text.")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option(help="What ${NAME} in the text stands for: NAME=VALUE; may be repeated.")
    ] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the receipt; 0 does not wait.")] = 10.0,
    url: UrlOption = None,
    token: TokenOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Send a message, and wait for its receipt. Exit code 1 if it was not delivered."""
    from heliograph.domain.errors import WaitTimedOut

    with _client(url, token, data_dir) as client:
        message = client.messages.send(
            to=to, text=text, template=template, originator=originator, parameters=_values(parameter or [], to)
        )
        if wait > 0:
            try:
                message = client.messages.wait_for_delivery(message.id, timeout_s=wait)
            except WaitTimedOut:
                message = client.messages.get(message.id)
    out.print(f"{message.id} to {message.to}: {message.status}")
    if message.explanation:
        out.print(message.explanation)
    if message.status in {"failed", "rejected", "expired", "canceled", "unknown"}:
        raise typer.Exit(1)


def _values(given: Sequence[str], to: str) -> dict[str, dict[str, str]] | None:
    """Read `NAME=VALUE`s as one recipient's own parameters."""
    pairs = [each.partition("=") for each in given]
    if wrong := [each for each, (_, equals, _) in zip(given, pairs, strict=True) if not equals]:
        raise typer.BadParameter(f"{wrong[0]!r} is not NAME=VALUE.", param_hint="--parameter")
    return {name: {to: value} for name, _, value in pairs} or None


@app.command()
def status(
    message_id: Annotated[str, typer.Argument(help="A message's id.")],
    url: UrlOption = None,
    token: TokenOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Show where a message stands, and why it waits if it does."""
    with _client(url, token, data_dir) as client:
        message = client.messages.get(message_id)
        waiting = client.messages.why(message_id)
        attempts = client.messages.attempts(message_id)
    table = Table(show_header=False, box=None)
    for name in (
        "id",
        "to",
        "status",
        "explanation",
        "provider",
        "parts",
        "encoding",
        "attempts",
        "created_at",
        "settled_at",
    ):
        value = getattr(message, name)
        if value is not None:
            table.add_row(name, str(value))
    if waiting.why != "nothing":
        until = f" Until {waiting.until:%Y-%m-%d %H:%M:%S} UTC." if waiting.until else ""
        table.add_row("waits", waiting.explanation + until)
    out.print(table)
    if len(attempts) > 1:
        tried = Table("provider", "outcome", "code", "at", "", box=None)
        for each in attempts:
            code, detail = each.provider_code or "", each.detail or ""
            tried.add_row(each.provider, each.outcome, code, f"{each.at:%Y-%m-%d %H:%M:%S}", detail)
        out.print(tried)


@app.command("list")
def list_messages(
    to: Annotated[str | None, typer.Option(help="Only to this number.")] = None,
    status: Annotated[str | None, typer.Option(help="Only with this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 20,
    url: UrlOption = None,
    token: TokenOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """List the newest messages."""
    from itertools import islice

    with _client(url, token, data_dir) as client:
        found = list(islice(client.messages.list(to=to, status=status, page_size=limit), limit))
    table = Table(Column("id", no_wrap=True), Column("to", no_wrap=True), "status", "created", "text", box=None)
    for message in found:
        table.add_row(
            message.id, message.to, message.status, f"{message.created_at:%Y-%m-%d %H:%M:%S}", message.text or ""
        )
    out.print(table)


@app.command()
def pause(
    batch_id: Annotated[str, typer.Argument(help="A batch's id.")],
    url: UrlOption = None,
    token: TokenOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Send nothing more of a batch until it is resumed."""
    with _client(url, token, data_dir) as client:
        client.batches.pause(batch_id)
    out.print(f"{batch_id} is paused. What was being sent just now may still go out.")


@app.command()
def resume(
    batch_id: Annotated[str, typer.Argument(help="A batch's id.")],
    url: UrlOption = None,
    token: TokenOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Go on with a paused batch."""
    with _client(url, token, data_dir) as client:
        client.batches.resume(batch_id)
    out.print(f"{batch_id} goes on.")


@app.command()
def config(config: ConfigOption = None) -> None:
    """Show the settings in force, and where each comes from."""
    from heliograph.runtime.settings import described

    table = Table("setting", "value", "from", "meaning", box=None)
    for row in described(load(config, {})):
        table.add_row(*row)
    out.print(table)


@app.command()
def init(
    email: Annotated[
        str | None, typer.Option(help="Make a person instead of a key, who signs in with this and a password.")
    ] = None,
    password_file: PasswordOption = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the administrator of a new installation: a key, which is printed this once, or a person."""
    if email is not None:
        password = asked_password(password_file)
        person = administered(config, data_dir, store, lambda admin: admin.make_first_person(email, password))
        print_person(person, as_json)
        return
    made = administered(config, data_dir, store, lambda admin: admin.make_administrator())
    print_facts({"id": made.id, "account": made.account.name, **made.parts}, as_json)


@console_app.command("rotate")
def rotate_console_key(
    grace: GraceOption = None, config: ConfigOption = None, data_dir: DataDirOption = None, store: StoreOption = None
) -> None:
    """Give the inbox another link, and print its path; who came by the old one has to come by the new."""
    out.print(administered(config, data_dir, store, lambda admin: admin.rotate_console_key(grace)), soft_wrap=True)


providers_app = typer.Typer(help="The providers of the settings file.", no_args_is_help=True)
routes_app = typer.Typer(help="Which provider a message takes.", no_args_is_help=True)
app.add_typer(providers_app, name="providers")
app.add_typer(routes_app, name="routes")


@providers_app.command("check")
def check_providers(config: ConfigOption = None) -> None:
    """Try each provider's credentials, without sending anything. Exit code 1 if one can't be used."""
    import asyncio

    from heliograph.runtime.providers import check_all

    settings = load(config, {}).settings
    if not settings.providers:
        out.print("No provider is set up: everything goes by the sandbox. See docs/providers.md.")
        return
    checked = asyncio.run(check_all(settings))
    table = Table(Column("provider", no_wrap=True), "type", "", "", box=None)
    for name, works, told in checked:
        table.add_row(name, settings.providers[name].type, "works" if works else "FAILS", told)
    out.print(table)
    if not all(each.works for each in checked):
        raise typer.Exit(1)


@providers_app.command("renew")
def renew_provider_address(
    name: Annotated[str, typer.Argument(help="The provider's name in the settings.")],
    grace: GraceOption = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
) -> None:
    """Give a provider another secret address for what its server tells. The next start names it."""
    administered(config, data_dir, store, lambda admin: admin.renew_provider_address(name, grace))
    old = "is worth nothing" if grace is None else f"is good for {grace} besides"
    out.print(f"{name} has a new address, which the next start names; the old one {old}.", soft_wrap=True)


@routes_app.command("list")
def list_routes(config: ConfigOption = None) -> None:
    """List the rules, in the order in which they are looked at."""
    from heliograph.domain.routes import title_of

    settings = load(config, {}).settings
    table = Table("rule", "providers", "", box=None)
    for place, rule in enumerate(settings.routes):
        how = "cheapest first" if rule.cheapest else "by weight" if rule.weights else "in this order"
        table.add_row(title_of(rule, place), ", ".join(rule.names), how)
    table.add_row("everything else", settings.default_provider, "")
    out.print(table)


@routes_app.command("explain")
def explain_route(
    number: Annotated[str, typer.Argument(help="The recipient, such as +33612345678.")],
    originator: Annotated[str | None, typer.Option("--from", help="Who it is from.")] = None,
    account: Annotated[str, typer.Option(help="The account's name.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="A tag of the batch; may be repeated.")] = None,
    channel: Annotated[str, typer.Option(help="sms, viber or whatsapp.")] = "sms",
    text: Annotated[str, typer.Option(help="The text: its parts count.")] = "",
    config: ConfigOption = None,
) -> None:
    """Explain which rule and provider a message would take."""
    from heliograph.runtime.explaining import explained

    for line in explained(
        load(config, {}).settings,
        number,
        originator=originator,
        account=account,
        tags=tag or [],
        channel=channel,
        text=text,
    ):
        out.print(line, soft_wrap=True)


def _client(url: str | None, token: str | None, data_dir: Path | None) -> Client:
    from heliograph.sdk import Client

    return Client(url, token, data_dir=data_dir)
