"""`heliograph inbox`: the sandbox's phones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.output import facts_of, say, show_all
from heliograph.cli.shape import Commands, Exit, Server, Written, completing, connected

if TYPE_CHECKING:
    from heliograph.cli.shape import Completed
    from heliograph.sdk import Client

inbox = Commands("inbox", "The sandbox's phones: what they have got, and what they answer.", lists=True)


def _numbers(client: Client) -> Completed:
    return ((each.number, "") for each in client.sandbox.phones())


PhoneArgument = Annotated[str, typer.Argument(help="A phone's number.", autocompletion=completing(_numbers))]


@inbox.command("list", Server, Written, example="--output ids")
def list_phones() -> None:
    """List the phones, recently used first."""
    with connected() as client:
        phones = client.sandbox.phones()
        rows = [{**facts_of(each), "at": each.latest.at, "newest": each.latest.text} for each in phones]
        show_all(rows, ("number", "recent", "at", "newest"), id="number")


@inbox.command("show", Server, Written, example="+33612345678")
def show_phone(number: PhoneArgument) -> None:
    """List the newest messages on a phone, oldest first."""
    with connected() as client:
        show_all(client.sandbox.messages(number), ("id", "at", "direction", "peer", "channel", "text"))


@inbox.command("code", Server, Written, example="+33612345678")
def read_code(
    number: PhoneArgument,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for one.")] = 10.0,
) -> None:
    """Print the one-time code in the latest message that has one. Exit code 3 if none comes in time."""
    from heliograph.domain.errors import WaitTimedOut

    with connected() as client:
        try:
            found = client.sandbox.find_code(number, timeout_s=wait)
        except WaitTimedOut as error:
            typer.echo(f"heliograph: {error.message}", err=True)
            raise typer.Exit(Exit.UNDECIDED) from error
    say(found.code, code=found.code, message=found.message.id)


@inbox.command("reply", Server, Written, example="+33612345678 STOP --to Acme")
def reply(
    number: PhoneArgument,
    text: Annotated[str, typer.Argument(help="What the phone writes.")],
    to: Annotated[str, typer.Option(help="To whom: an originator.")],
) -> None:
    """Write from a phone."""
    with connected() as client:
        inbound_id = client.sandbox.reply(number, to=to, text=text)
    say(f"{number} has written to {to}.", inbound=inbound_id)


@inbox.command("clear", Server, Written, example="+33612345678")
def clear(
    number: Annotated[
        str | None, typer.Argument(help="A phone's number; all if not given.", autocompletion=completing(_numbers))
    ] = None,
) -> None:
    """Delete the messages on a phone, or on all."""
    with connected() as client:
        client.sandbox.clear(number)
    say("All phones are empty." if number is None else f"{number} is empty.", cleared=number)
