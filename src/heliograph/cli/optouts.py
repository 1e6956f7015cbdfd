"""`heliograph optouts`: numbers that must not be written to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.listing import AllOption, LimitOption, limit_of, page_of
from heliograph.cli.output import say, show_all
from heliograph.cli.shape import Commands, Server, Written, completing, connected

if TYPE_CHECKING:
    from heliograph.cli.shape import Completed
    from heliograph.sdk import Client

optouts = Commands("optouts", "Opt-outs: numbers that must not be written to.", lists=True)

COLUMNS = ("number", "source", "created_at")


def _numbers(client: Client) -> Completed:
    page = client.optouts.list().next_page()
    return [(each.number, each.source) for each in page.items] if page else []


NumberArgument = Annotated[str, typer.Argument(help="A number, such as +33612345678.")]


@optouts.command("list", Server, Written, example="--all --output ids")
def list_optouts(limit: LimitOption = 20, everything: AllOption = False) -> None:
    """List numbers that must not be written to, in their order."""
    wanted = limit_of(limit, everything)
    with connected() as client:
        show_all(client.optouts.list(page_size=page_of(wanted)), COLUMNS, id="number", limit=wanted)


@optouts.command("add", Server, Written, example="+33612345678")
def add_optout(number: NumberArgument) -> None:
    """Write no more to a number."""
    with connected() as client:
        client.optouts.add(number)
    say(f"{number} is not written to any more.", number=number)


@optouts.command("remove", Server, Written, example="+33612345678")
def remove_optout(
    number: Annotated[str, typer.Argument(help="A number, such as +33612345678.", autocompletion=completing(_numbers))],
) -> None:
    """Take a number's opt-out away: it may be written to again, which needs its owner's consent."""
    with connected() as client:
        client.optouts.remove(number)
    say(f"{number} may be written to again.", number=number)
