"""`heliograph links`: short addresses of addresses elsewhere, and who followed them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.listing import AllOption, LimitOption, limit_of, page_of
from heliograph.cli.output import say, show, show_all
from heliograph.cli.shape import Commands, Server, Written, completing, connected

if TYPE_CHECKING:
    from heliograph.cli.shape import Completed
    from heliograph.sdk import Client

links = Commands("links", "Short addresses of addresses elsewhere, and who followed them.", lists=True)


def _ids(client: Client) -> Completed:
    return ((each.id, f"{each.name}: {each.url}") for each in client.links.list())


IdArgument = Annotated[str, typer.Argument(help="A link's id.", autocompletion=completing(_ids))]


@links.command("list", Server, Written, example="--output csv")
def list_links() -> None:
    """List all links, newest first."""
    with connected() as client:
        show_all(client.links.list(), ("id", "name", "hits", "short_url", "url"))


@links.command("create", Server, Written, example="https://example.org/offer --name offer")
def create_link(
    address: Annotated[str, typer.Argument(metavar="URL", help="Where it leads: an http or https address.")],
    name: Annotated[str | None, typer.Option(help="A name of 3 to 25 characters; a number if not given.")] = None,
    pass_query: Annotated[
        bool, typer.Option("--pass-query", help="Hand on the query with which it is opened, behind the address's own.")
    ] = False,
) -> None:
    """Make a short address."""
    with connected() as client:
        show(client.links.create(address, name=name, passes_query=pass_query))


@links.command("change", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW --to https://example.org/other")
def change_link(
    link_id: IdArgument,
    to: Annotated[str | None, typer.Option(help="Where it leads from now on.")] = None,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    pass_query: Annotated[
        bool | None,
        typer.Option("--pass-query/--keep-query", help="Whether to hand on the query with which it is opened."),
    ] = None,
) -> None:
    """Change where a link leads, or its name; messages that were sent lead there, too."""
    with connected() as client:
        show(client.links.change(link_id, url=to, name=name, passes_query=pass_query))


@links.command("hits", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW --all --output csv")
def list_hits(link_id: IdArgument, limit: LimitOption = 20, everything: AllOption = False) -> None:
    """List who followed a link, newest first."""
    wanted = limit_of(limit, everything)
    with connected() as client:
        hits = client.links.hits(link_id, page_size=page_of(wanted))
        show_all(hits, ("id", "at", "preview", "number", "device", "browser", "os", "referrer"), limit=wanted)


@links.command("delete", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def delete_link(link_id: IdArgument) -> None:
    """Delete a link and its hits."""
    with connected() as client:
        client.links.delete(link_id)
    say(f"{link_id} is deleted.", deleted=link_id)
