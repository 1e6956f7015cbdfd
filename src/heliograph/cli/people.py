"""Commands on the people who sign in to an installation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from heliograph.cli.output import instant_text, say, show, show_all
from heliograph.cli.shape import Commands, Store, Written, administered

if TYPE_CHECKING:
    from heliograph.domain.people import Person

people = Commands("people", "Who signs in to this installation, and what each may do.")

RoleName = Literal["viewer", "sender", "manager", "administrator"]
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


@people.command(
    "create", Store, Written, example="vera@example.com --role viewer --account Acme --password-file password.txt"
)
def create_person(
    email: Annotated[str, typer.Argument(help="The e-mail address that the person signs in with.")],
    role: Annotated[RoleName, typer.Option(help="What the person is to the account.")],
    account: AccountOption = None,
    password_file: PasswordOption = None,
) -> None:
    """Make a person. It works before the first start, and while servers run."""
    password = asked_password(password_file)
    made = administered(lambda admin: admin.create_person(email, password, role, account))
    print_person(made)


@people.command("invite", Store, Written, example="vera@example.com --role sender --account Acme --expires 24h")
def invite_person(
    email: Annotated[str, typer.Argument(help="The e-mail address that the person will sign in with.")],
    role: Annotated[RoleName, typer.Option(help="What the person is to the account.")],
    account: AccountOption = None,
    expires: Annotated[str | None, typer.Option(help="How long it is good, such as 24h; 7d if not given.")] = None,
) -> None:
    """Invite somebody, who chooses a password of their own on the page. It is good once, and shown this once."""
    made, page = administered(lambda admin: admin.invite(email, role, account, expires))
    facts = {"id": made.id, "email": made.email, "token": made.token, "page": page}
    show(facts | {"expires_at": instant_text(made.expires_at)})


@people.command("sessions", Store, Written, example="vera@example.com")
def list_sessions(email: PersonArgument) -> None:
    """List where a person is signed in, newest first."""
    found = administered(lambda admin: admin.sessions_of(email))
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
    show_all(rows, ("id", "created_at", "seen_at", "address", "agent", "ends_at"))


@people.command("sign-out", Store, Written, example="vera@example.com")
def end_sessions(email: PersonArgument) -> None:
    """End all sessions of a person. They are worth nothing, in every process, within two seconds."""
    ended = administered(lambda admin: admin.end_sessions_of(email))
    say(f"{email} is signed out; {ended} ended.", email=email, ended=ended)


@people.command("list", Store, Written, example="")
def list_people() -> None:
    """List all people, newest first; those who are disabled, too."""
    found = administered(lambda admin: admin.list_people())
    names = ("id", "email", "roles", "created_at", "disabled_at")
    show_all([_facts(person) for person in found], names)


@people.command("show", Store, Written, example="vera@example.com")
def show_person(email: PersonArgument) -> None:
    """Show who a person is, and what to which account."""
    print_person(administered(lambda admin: admin.people.named(email)))


@people.command("change", Store, Written, example="vera@example.com --email vera@example.org")
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
) -> None:
    """Give a person another e-mail address, another password, or both. A new password ends all sessions."""
    password = asked_password(password_file) if new_password or password_file is not None else None
    changed = administered(
        lambda admin: admin.change_person(email, new_email, password, without_totp=no_totp),
    )
    print_person(changed)


@people.command("roles", Store, Written, example="vera@example.com --role sender --account Acme")
def assign_role(
    email: PersonArgument,
    role: Annotated[
        Literal[RoleName, "none"], typer.Option(help="What the person is to the account; none takes it away.")
    ],
    account: AccountOption = None,
) -> None:
    """Make a person this to an account, instead of what it was before. In force within two seconds."""
    person = administered(lambda admin: admin.assign_role(email, role, account))
    print_person(person)


@people.command("unlink", Store, Written, example="vera@example.com")
def unlink_person(
    email: PersonArgument,
    issuer: Annotated[str | None, typer.Option(help="The issuer's address; not needed where there is one.")] = None,
) -> None:
    """Take away that an issuer of OpenID Connect says who a person is, and end all sessions."""
    print_person(administered(lambda admin: admin.unlink_person(email, issuer)))


@people.command("disable", Store, Written, example="vera@example.com")
def disable_person(email: PersonArgument) -> None:
    """Let nobody sign in as this person any more, who stays in the record."""
    administered(lambda admin: admin.disable_person(email))
    say(f"{email} is disabled. `heliograph people enable` lets them in again.", disabled=email)


@people.command("enable", Store, Written, example="vera@example.com")
def enable_person(email: PersonArgument) -> None:
    """Let a person sign in again."""
    administered(lambda admin: admin.enable_person(email))
    say(f"{email} may sign in again.", enabled=email)


def print_person(person: Person) -> None:
    """Print who somebody is, and what to which account."""
    show(_facts(person))


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
