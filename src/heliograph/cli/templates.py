"""`heliograph templates`: texts that are kept to be sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from heliograph.cli.output import say, show, show_all
from heliograph.cli.shape import Commands, Server, Written, completing, connected

if TYPE_CHECKING:
    from heliograph.cli.shape import Completed
    from heliograph.sdk import Client

templates = Commands("templates", "Templates: texts that are kept to be sent again.", lists=True)

COLUMNS = ("number", "name", "channel", "approved", "text")


def _numbers(client: Client) -> Completed:
    return ((str(each.number), each.name) for each in client.templates.list())


def _names(client: Client) -> Completed:
    return ((each.name, each.text) for each in client.templates.list())


complete_names = completing(_names)
NumberArgument = Annotated[int, typer.Argument(help="A template's number.", autocompletion=completing(_numbers))]


@templates.command("list", Server, Written, example="--output csv")
def list_templates() -> None:
    """List all templates, newest first."""
    with connected() as client:
        show_all(client.templates.list(), COLUMNS, id="number")


@templates.command("show", Server, Written, example="1")
def show_template(number: NumberArgument) -> None:
    """Show a template."""
    with connected() as client:
        show(client.templates.get(number), id="number")


@templates.command("create", Server, Written, example="'Your parcel comes at ${at}.' --name parcel-coming")
def create_template(
    text: Annotated[str, typer.Argument(help="The text, with ${NAME} for what is filled in.")],
    name: Annotated[str | None, typer.Option(help="Its name; the time of its creation if not given.")] = None,
    channel: Annotated[Literal["sms", "viber", "whatsapp"], typer.Option(help="The channel that it is for.")] = "sms",
) -> None:
    """Keep a text as a template."""
    with connected() as client:
        show(client.templates.create(text, name=name, channel=channel), id="number")


@templates.command("change", Server, Written, example="1 --text 'Your parcel comes today.'")
def change_template(
    number: NumberArgument,
    text: Annotated[str | None, typer.Option(help="Another text.")] = None,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
) -> None:
    """Change a template; what is not given stays."""
    with connected() as client:
        show(client.templates.change(number, text=text, name=name), id="number")


@templates.command("delete", Server, Written, example="1")
def delete_template(number: NumberArgument) -> None:
    """Delete a template."""
    with connected() as client:
        client.templates.delete(number)
    say(f"The template {number} is deleted.", deleted=number)
