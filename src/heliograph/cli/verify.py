"""`heliograph verify`: one-time codes, which prove that a number is somebody's."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from heliograph.cli.output import show
from heliograph.cli.shape import Commands, Exit, Server, Written, connected

verify = Commands("verify", "One-time codes, which prove that a number is somebody's.")

IdArgument = Annotated[str, typer.Argument(help="A verification's id.")]


@verify.command("start", Server, Written, example="+33612345678 --from Acme")
def start(
    to: Annotated[str, typer.Argument(help="The number that is to be proven.")],
    text: Annotated[str, typer.Option(help="The text, with ${code} in it.")] = "Your code is ${code}",
    originator: Annotated[str | None, typer.Option("--from", help="A number, a short code or a name.")] = None,
    kind: Annotated[
        Literal["digits", "letters", "alphanumeric"], typer.Option(help="What the code is made of.")
    ] = "digits",
    length: Annotated[int, typer.Option(min=4, max=10, help="How many of these.")] = 6,
    ttl: Annotated[int, typer.Option(min=60, max=1_800, help="How many seconds it is good.")] = 300,
    attempts: Annotated[int, typer.Option(min=1, max=10, help="How many wrong codes end it.")] = 3,
) -> None:
    """Send a code to a number."""
    with connected() as client:
        made = client.verify.start(
            to=to, text=text, originator=originator, kind=kind, length=length, ttl_s=ttl, max_attempts=attempts
        )
        show(made)


@verify.command("check", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW 482913")
def check(verification_id: IdArgument, code: Annotated[str, typer.Argument(help="What was entered.")]) -> None:
    """Check a code. Exit code 1 if it is not the right one."""
    from heliograph.domain.errors import WrongCode

    with connected() as client:
        try:
            show(client.verify.check(verification_id, code))
        except WrongCode as error:
            typer.echo(f"heliograph: {error.message}", err=True)
            show(client.verify.get(verification_id))
            raise typer.Exit(Exit.FAILED) from error


@verify.command("show", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def show_verification(verification_id: IdArgument) -> None:
    """Show a verification, without its code."""
    with connected() as client:
        show(client.verify.get(verification_id))


@verify.command("resend", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def resend(verification_id: IdArgument) -> None:
    """Send another code; the one before is no longer good."""
    with connected() as client:
        show(client.verify.resend(verification_id))


@verify.command("cancel", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def cancel(verification_id: IdArgument) -> None:
    """Cancel a verification: its code is no longer good."""
    with connected() as client:
        show(client.verify.cancel(verification_id))


@verify.command("why", Server, Written, example="+33612345678")
def why(number: Annotated[str, typer.Argument(help="A number, such as +33612345678.")]) -> None:
    """Say whether a number would be sent a code now, and why not. Exit code 1 if it would not."""
    with connected() as client:
        outlook = client.verify.why(number)
        show(outlook, id="to")
    if not outlook.allowed:
        raise typer.Exit(Exit.FAILED)
