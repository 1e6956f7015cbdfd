"""`heliograph groups`: recipients under one name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.listing import AllOption, LimitOption, limit_of, page_of
from heliograph.cli.output import say, show, show_all
from heliograph.cli.shape import Commands, Server, Written, completing, connected

if TYPE_CHECKING:
    from heliograph.api import wire
    from heliograph.cli.shape import Completed
    from heliograph.sdk import Client

groups = Commands("groups", "Groups: recipients under one name.", lists=True)

COLUMNS = ("id", "name", "size", "tags", "created_at")


def _names(client: Client) -> Completed:
    return ((each.name or each.id, f"{each.size} members") for each in client.groups.list())


complete_names = completing(_names)
GroupArgument = Annotated[str, typer.Argument(help="A group's name or id.", autocompletion=complete_names)]
NumbersArgument = Annotated[list[str], typer.Argument(help="Numbers, such as +33612345678.")]


def group_named(client: Client, named: str) -> wire.Group:
    """Find a group by its name, or else by its id. Raises NotFound."""
    by_name = next((each for each in client.groups.list(page_size=1_000) if each.name == named), None)
    return by_name or client.groups.get(named)


@groups.command("list", Server, Written, example="--tag customers")
def list_groups(
    tag: Annotated[str | None, typer.Option(help="Only with this tag.")] = None,
    limit: LimitOption = 20,
    everything: AllOption = False,
) -> None:
    """List groups, newest first."""
    wanted = limit_of(limit, everything)
    with connected() as client:
        show_all(client.groups.list(tag=tag, page_size=page_of(wanted)), COLUMNS, limit=wanted)


@groups.command("show", Server, Written, example="Customers")
def show_group(group: GroupArgument) -> None:
    """Show a group, without its members."""
    with connected() as client:
        show(group_named(client, group))


@groups.command("members", Server, Written, example="Customers --output ids")
def list_members(group: GroupArgument) -> None:
    """List a group's own numbers, sorted."""
    with connected() as client:
        members = client.groups.members(group_named(client, group).id)
        show_all(({"number": each} for each in members), ("number",), id="number")


@groups.command("create", Server, Written, example="Customers --tag customers")
def create_group(
    name: Annotated[str, typer.Argument(help="The group's name, which no other has.")],
    tag: Annotated[list[str] | None, typer.Option(help="A tag; may be repeated.")] = None,
) -> None:
    """Make a group, which is empty: `heliograph contacts import` fills it from a file."""
    with connected() as client:
        show(client.groups.create(name=name, tags=tag or []))


@groups.command("add", Server, Written, example="Customers +33612345678 +33687654321")
def add_members(group: GroupArgument, numbers: NumbersArgument) -> None:
    """Add numbers to a group."""
    from heliograph.api import wire

    with connected() as client:
        show(client.groups.change(group_named(client, group).id, wire.ChangeGroup(add=numbers)))


@groups.command("remove", Server, Written, example="Customers +33612345678")
def remove_members(group: GroupArgument, numbers: NumbersArgument) -> None:
    """Remove numbers from a group, with what it knows of them."""
    from heliograph.api import wire

    with connected() as client:
        show(client.groups.change(group_named(client, group).id, wire.ChangeGroup(remove=numbers)))


@groups.command("rename", Server, Written, example="Customers Clients")
def rename_group(
    group: GroupArgument, name: Annotated[str, typer.Argument(help="The new name, which no other has.")]
) -> None:
    """Give a group another name."""
    from heliograph.api import wire

    with connected() as client:
        show(client.groups.change(group_named(client, group).id, wire.ChangeGroup(name=name)))


@groups.command("delete", Server, Written, example="Customers")
def delete_group(group: GroupArgument) -> None:
    """Delete a group. Batches that are scheduled to it are sent without its members."""
    with connected() as client:
        found = group_named(client, group)
        client.groups.delete(found.id)
    say(f"{group} is deleted.", deleted=found.id)
