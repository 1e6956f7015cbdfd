"""`heliograph inbound`: what phones have sent."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.listing import AllOption, LimitOption, SinceOption, UntilOption, limit_of, page_of
from heliograph.cli.output import say, show, show_all
from heliograph.cli.shape import Commands, Server, Written, completing, connected

if TYPE_CHECKING:
    from datetime import datetime

    from heliograph.api import wire
    from heliograph.cli.shape import Completed
    from heliograph.sdk import Client

inbound = Commands("inbound", "Inbound messages: what phones have sent.", lists=True)

COLUMNS = ("id", "from", "to", "received_at", "text")
_EARLIEST = "0" * 26
"""Before all identifiers."""


def _ids(client: Client) -> Completed:
    page = client.inbound.list(page_size=50).next_page()
    return [(each.id, f"from {each.msisdn}: {each.text or ''}") for each in page.items] if page else []


IdArgument = Annotated[str, typer.Argument(help="An inbound message's id.", autocompletion=completing(_ids))]


@inbound.command("list", Server, Written, example="--follow --output json")
def list_inbound(
    to: Annotated[str | None, typer.Option(help="Only to this originator.")] = None,
    number: Annotated[str | None, typer.Option("--from", help="Only from this number.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 20,
    everything: AllOption = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Oldest first, and then each that comes, until Ctrl-C.")
    ] = False,
) -> None:
    """List inbound messages, newest first."""
    wanted = limit_of(limit, everything)
    with connected() as client:
        if follow:
            coming = _coming(client, to, number, since, wanted)
            show_all(coming, COLUMNS, follows=True)
        else:
            found = client.inbound.list(to=to, number=number, since=since, until=until, page_size=page_of(wanted))
            show_all(found, COLUMNS, limit=wanted)


def _coming(
    client: Client, to: str | None, number: str | None, since: datetime | None, first: int | None
) -> Iterator[wire.Inbound]:
    """Return the newest `first` messages, the oldest of them first, and then each that comes.

    Some that were listed come once more, because they are told in the order in which they were committed.
    """
    newest = list(islice(client.inbound.list(to=to, number=number, since=since, page_size=page_of(first)), first))
    yield from reversed(newest)
    oldest, last = (newest[-1].id, newest[0].id) if newest else (_EARLIEST, _EARLIEST)
    seen = {each.id for each in newest}
    for each in client.inbound.events(to=to, number=number, after=last):
        if each.id > oldest and each.id not in seen:
            yield each


@inbound.command("show", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def show_inbound(inbound_id: IdArgument) -> None:
    """Show an inbound message."""
    with connected() as client:
        show(client.inbound.get(inbound_id))


@inbound.command("delete", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def delete_inbound(inbound_id: IdArgument) -> None:
    """Delete an inbound message."""
    with connected() as client:
        client.inbound.delete(inbound_id)
    say(f"{inbound_id} is deleted.", deleted=inbound_id)
