"""`heliograph numbers`: what the numbering plan and the networks know of numbers."""

from __future__ import annotations

from typing import Annotated

import typer

from heliograph.cli.output import show, show_all
from heliograph.cli.shape import Commands, Server, Written, connected

numbers = Commands("numbers", "What the numbering plan and the networks know of numbers.")

NumberArgument = Annotated[str, typer.Argument(help="A number, such as +33612345678.")]


@numbers.command("show", Server, Written, example="+33612345678")
def show_number(number: NumberArgument) -> None:
    """Show what the numbering plan says of a number. It costs nothing."""
    with connected() as client:
        show(client.numbers.get(number), id="number")


@numbers.command("look-up", Server, Written, example="+33612345678")
def look_up(
    given: Annotated[list[str], typer.Argument(metavar="NUMBER...", help="Numbers, such as +33612345678.")],
) -> None:
    """Ask the networks about numbers, one after the other. This costs money."""
    with connected() as client:
        answers = (client.numbers.look_up(each) for each in given)
        show_all(answers, ("number", "status", "detail", "original", "ported_to", "roaming_in", "price"), id="number")
