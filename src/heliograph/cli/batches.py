"""`heliograph batches`: one text to many numbers; `pause` and `resume` are short for two of its commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.listing import AllOption, LimitOption, SinceOption, UntilOption, limit_of, page_of
from heliograph.cli.output import note, show, show_all
from heliograph.cli.root import root
from heliograph.cli.shape import Commands, Server, Written, completing, connected

if TYPE_CHECKING:
    from heliograph.cli.shape import Completed
    from heliograph.sdk import Client

batches = Commands("batches", "Batches: one text to many numbers.", lists=True)

COLUMNS = ("id", "title", "recipient_count", "created_at", "send_at", "paused", "canceled", "text")
_LARGEST_PAGE = 100


def _ids(client: Client) -> Completed:
    page = client.batches.list().next_page()
    return [(each.id, each.title or each.text or "") for each in page.items] if page else []


complete_ids = completing(_ids)
IdArgument = Annotated[str, typer.Argument(help="A batch's id.", autocompletion=complete_ids)]


@batches.command("list", Server, Written, example="--tag spring --limit 5")
def list_batches(
    originator: Annotated[str | None, typer.Option("--from", help="Only from this originator.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only with this tag.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 20,
    everything: AllOption = False,
) -> None:
    """List batches, newest first."""
    wanted = limit_of(limit, everything)
    with connected() as client:
        size = page_of(wanted, _LARGEST_PAGE)
        found = client.batches.list(originator=originator, tag=tag, since=since, until=until, page_size=size)
        show_all(found, COLUMNS, limit=wanted)


@batches.command("show", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW --json")
def show_batch(batch_id: IdArgument) -> None:
    """Show a batch as it was asked for."""
    with connected() as client:
        show(client.batches.get(batch_id))


@batches.command("report", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW --output csv")
def count_messages(batch_id: IdArgument) -> None:
    """Count the messages of a batch by status and reason."""
    with connected() as client:
        show_all(client.batches.report(batch_id).buckets, ("status", "reason", "count"), id="status")


@root.command("pause", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
@batches.command("pause", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def pause(batch_id: IdArgument) -> None:
    """Send nothing more of a batch until it is resumed."""
    with connected() as client:
        show(client.batches.pause(batch_id))
    note(f"{batch_id} is paused. What was being sent just now may still go out.")


@root.command("resume", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
@batches.command("resume", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def resume(batch_id: IdArgument) -> None:
    """Go on with a paused batch."""
    with connected() as client:
        show(client.batches.resume(batch_id))
    note(f"{batch_id} goes on.")


@batches.command("cancel", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def cancel(batch_id: IdArgument) -> None:
    """Cancel what of a batch has not been sent."""
    with connected() as client:
        show(client.batches.cancel(batch_id))
