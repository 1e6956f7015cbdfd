"""Commands on the people who sign in to an installation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.shared import (
    ConfigOption,
    DataDirOption,
    JsonOption,
    StoreOption,
    administered,
    instant_text,
    out,
    print_facts,
    print_list,
)

if TYPE_CHECKING:
    from heliograph.domain.people import Person

people_app = typer.Typer(help="Who signs in to this installation, and what each may do.", no_args_is_help=True)

PersonArgument = Annotated[str, typer.Argument(metavar="EMAIL", help="The person's e-mail address or id.")]
AccountOption = Annotated[str | None, typer.Option(help="The account's name or id; an administrator needs none.")]
PasswordOption = Annotated[
    Path | None,
    typer.Option(help="A file whose first line is the password, or - for standard input; you are asked if not given."),
]


def asked_password(file: Path | None) -> str:
    """Read a password from a file, or ask whoever is at the terminal twice. Raises SetupError where nobody is."""
    from heliograph.domain.errors import SetupError

    if file is None:
        if not sys.stdin.isatty():
            raise SetupError("There is nobody to ask for the password: name a file with --password-file.")
        asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    try:
        text = sys.stdin.readline() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SetupError(f"The file {file} can't be read: {getattr(error, 'strerror', error)}.") from error
    return text.split("\n", 1)[0].rstrip("\r")


@people_app.command("create")
def create_person(
    email: Annotated[str, typer.Argument(help="The e-mail address that the person signs in with.")],
    role: Annotated[str, typer.Option(help="viewer, sender, manager or administrator.")],
    account: AccountOption = None,
    password_file: PasswordOption = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a person. It works before the first start, and while servers run."""
    password = asked_password(password_file)
    made = administered(config, data_dir, store, lambda admin: admin.create_person(email, password, role, account))
    print_person(made, as_json)


@people_app.command("invite")
def invite_person(
    email: Annotated[str, typer.Argument(help="The e-mail address that the person will sign in with.")],
    role: Annotated[str, typer.Option(help="viewer, sender, manager or administrator.")],
    account: AccountOption = None,
    expires: Annotated[str | None, typer.Option(help="How long it is good, such as 24h; 7d if not given.")] = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Invite somebody, who chooses a password of their own on the page. It is good once, and shown this once."""
    made, page = administered(config, data_dir, store, lambda admin: admin.invite(email, role, account, expires))
    facts = {"id": made.id, "email": made.email, "token": made.token, "page": page}
    print_facts(facts | {"expires_at": instant_text(made.expires_at)}, as_json)


@people_app.command("sessions")
def list_sessions(
    email: PersonArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List where a person is signed in, newest first."""
    found = administered(config, data_dir, store, lambda admin: admin.sessions_of(email))
    rows = [
        {
            "id": each.id,
            "created_at": instant_text(each.created_at),
            "seen_at": instant_text(each.seen_at),
            "address": each.address,
            "agent": each.agent,
            "ends_at": instant_text(each.ends_at),
        }
        for each in found
    ]
    print_list(rows, ("id", "created_at", "seen_at", "address", "agent", "ends_at"), as_json)


@people_app.command("sign-out")
def end_sessions(
    email: PersonArgument, config: ConfigOption = None, data_dir: DataDirOption = None, store: StoreOption = None
) -> None:
    """End all sessions of a person. They are worth nothing, in every process, within two seconds."""
    ended = administered(config, data_dir, store, lambda admin: admin.end_sessions_of(email))
    out.print(f"{email} is signed out; {ended} ended.")


@people_app.command("list")
def list_people(
    config: ConfigOption = None, data_dir: DataDirOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """List all people, newest first; those who are disabled, too."""
    found = administered(config, data_dir, store, lambda admin: admin.list_people())
    names = ("id", "email", "roles", "created_at", "disabled_at")
    print_list([_facts(person) for person in found], names, as_json)


@people_app.command("show")
def show_person(
    email: PersonArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who a person is, and what to which account."""
    print_person(administered(config, data_dir, store, lambda admin: admin.people.named(email)), as_json)


@people_app.command("change")
def change_person(
    email: PersonArgument,
    new_email: Annotated[str | None, typer.Option("--email", help="Another e-mail address.")] = None,
    new_password: Annotated[
        bool, typer.Option("--password", help="Another password, which you are asked for.")
    ] = False,
    password_file: PasswordOption = None,
    no_totp: Annotated[
        bool, typer.Option("--no-totp", help="Ask for no code of an app any more, for who lost it.")
    ] = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a person another e-mail address, another password, or both. A new password ends all sessions."""
    password = asked_password(password_file) if new_password or password_file is not None else None
    changed = administered(
        config,
        data_dir,
        store,
        lambda admin: admin.change_person(email, new_email, password, without_totp=no_totp),
    )
    print_person(changed, as_json)


@people_app.command("roles")
def assign_role(
    email: PersonArgument,
    role: Annotated[str, typer.Option(help="viewer, sender, manager or administrator; none takes it away.")],
    account: AccountOption = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a person this to an account, instead of what it was before. In force within two seconds."""
    person = administered(config, data_dir, store, lambda admin: admin.assign_role(email, role, account))
    print_person(person, as_json)


@people_app.command("unlink")
def unlink_person(
    email: PersonArgument,
    issuer: Annotated[str | None, typer.Option(help="The issuer's address; not needed where there is one.")] = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take away that an issuer of OpenID Connect says who a person is, and end all sessions."""
    print_person(administered(config, data_dir, store, lambda admin: admin.unlink_person(email, issuer)), as_json)


@people_app.command("disable")
def disable_person(
    email: PersonArgument, config: ConfigOption = None, data_dir: DataDirOption = None, store: StoreOption = None
) -> None:
    """Let nobody sign in as this person any more, who stays in the record."""
    administered(config, data_dir, store, lambda admin: admin.disable_person(email))
    out.print(f"{email} is disabled. `heliograph people enable` lets them in again.")


@people_app.command("enable")
def enable_person(
    email: PersonArgument, config: ConfigOption = None, data_dir: DataDirOption = None, store: StoreOption = None
) -> None:
    """Let a person sign in again."""
    administered(config, data_dir, store, lambda admin: admin.enable_person(email))
    out.print(f"{email} may sign in again.")


def print_person(person: Person, as_json: bool) -> None:
    """Print who somebody is, and what to which account."""
    print_facts(_facts(person), as_json)


def _facts(person: Person) -> dict[str, object]:
    return {
        "id": person.id,
        "email": person.email,
        "roles": {held.account_name: held.role.value for held in person.roles},
        "created_at": instant_text(person.created_at),
        "disabled_at": instant_text(person.disabled_at),
        "totp": person.has_totp,
        "issuers": list(person.issuers),
    }
