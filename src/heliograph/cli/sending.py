"""`heliograph send`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.output import output_format, show
from heliograph.cli.root import root
from heliograph.cli.shape import Exit, Format, Server, Written, connected, equations

if TYPE_CHECKING:
    from heliograph.api import wire

_DELIVERED = "delivered"
_UNDECIDED = {"queued", "sending", "sent"}


@root.command("send", Server, Written, example="+33612345678 'Your table is ready.' --from Acme")
def send(
    to: Annotated[str, typer.Argument(help="The recipient, such as +33612345678.")],
    text: Annotated[str | None, typer.Argument(help="The text, unless a template has it.")] = None,
    originator: Annotated[str | None, typer.Option("--from", help="A number, a short code or a name.")] = None,
    template: Annotated[str | None, typer.Option(help="A template's number or name, instead of a text.")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option(help="What ${NAME} in the text stands for: NAME=VALUE; may be repeated.")
    ] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the receipt; 0 does not wait.")] = 10.0,
) -> None:
    """Send a message, and wait for its receipt.

    Exit code 1 if it was not delivered, 3 if that is not known yet after so many seconds.
    """
    from heliograph.domain.errors import WaitTimedOut

    values = equations(parameter, "--parameter") or {}
    with connected() as client:
        message = client.messages.send(
            to=to,
            text=text,
            template=template,
            originator=originator,
            parameters={name: {to: value} for name, value in values.items()} or None,
        )
        if wait > 0:
            try:
                message = client.messages.wait_for_delivery(message.id, timeout_s=wait)
            except WaitTimedOut:
                message = client.messages.get(message.id)
    if output_format() is Format.TABLE:
        typer.echo(f"{message.id} to {message.to}: {message.status}")
        if message.explanation:
            typer.echo(message.explanation)
    else:
        show(message)
    raise typer.Exit(_exit(message, waited=wait > 0))


def _exit(message: wire.Message, *, waited: bool) -> Exit:
    if message.status in _UNDECIDED:
        return Exit.UNDECIDED if waited else Exit.DONE
    return Exit.DONE if message.status == _DELIVERED else Exit.FAILED
