"""`heliograph messages`: single messages; `status` and `list` are short for two of its commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.listing import AllOption, LimitOption, SinceOption, UntilOption, limit_of, page_of
from heliograph.cli.output import facts_of, output_format, say, show, show_all
from heliograph.cli.root import root
from heliograph.cli.shape import Commands, Format, Server, Written, completing, connected
from heliograph.domain.statuses import Status

if TYPE_CHECKING:
    from heliograph.cli.shape import Completed
    from heliograph.sdk import Client

messages = Commands("messages", "Single messages: where each stands, and why.", lists=True)

COLUMNS = ("id", "to", "status", "created_at", "text")
_ATTEMPTS = ("provider", "outcome", "provider_code", "at", "detail")
_NEWEST = 50
"""How many of the newest are offered for completion."""


def _ids(client: Client) -> Completed:
    page = client.messages.list(page_size=_NEWEST).next_page()
    return [(each.id, f"{each.status} to {each.to}") for each in page.items] if page else []


IdArgument = Annotated[str, typer.Argument(help="A message's id.", autocompletion=completing(_ids))]
ToOption = Annotated[str | None, typer.Option(help="Only to this number.")]
StatusOption = Annotated[Status | None, typer.Option(help="Only with this status.")]


@root.command("list", Server, Written, example="--status failed --limit 100")
@messages.command("list", Server, Written, example="--status failed --since 2026-03-01 --all --output csv")
def list_messages(
    to: ToOption = None,
    status: StatusOption = None,
    q: Annotated[str | None, typer.Option("--search", help="Only with these words in the text.")] = None,
    batch: Annotated[str | None, typer.Option(help="Only of this batch.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 20,
    everything: AllOption = False,
) -> None:
    """List messages, newest first."""
    wanted = limit_of(limit, everything)
    with connected() as client:
        found = client.messages.list(
            to=to, q=q, status=status, batch_id=batch, since=since, until=until, page_size=page_of(wanted)
        )
        show_all(found, COLUMNS, limit=wanted)


@root.command("status", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
@messages.command("show", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW --json")
def show_message(message_id: IdArgument) -> None:
    """Show where a message stands, why it waits if it does, and which providers had it."""
    with connected() as client:
        message = client.messages.get(message_id)
        waiting = client.messages.why(message_id)
        attempts = client.messages.attempts(message_id)
    if output_format() is not Format.TABLE:
        show({**facts_of(message), "waiting": waiting, "tried": attempts})
        return
    until = f" Until {waiting.until:%Y-%m-%d %H:%M:%S} UTC." if waiting.until else ""
    waits = None if waiting.why == "nothing" else waiting.explanation + until
    names = ("id", "to", "status", "explanation", "provider", "parts", "encoding", "attempts", "created_at")
    show({name: getattr(message, name) for name in names} | {"settled_at": message.settled_at, "waits": waits})
    if len(attempts) > 1:
        typer.echo()
        show_all(attempts, _ATTEMPTS)


@messages.command("why", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def why_it_waits(message_id: IdArgument) -> None:
    """Say why a message is not settled yet, and until when that is so."""
    with connected() as client:
        show(client.messages.why(message_id), id="message_id")


@messages.command("attempts", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def list_attempts(message_id: IdArgument) -> None:
    """List the providers that had a message, oldest first, and what came of each time."""
    with connected() as client:
        show_all(client.messages.attempts(message_id), _ATTEMPTS, id="provider")


@messages.command("delete", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def delete_message(message_id: IdArgument) -> None:
    """Delete a message that has ended, or that a provider has; the ledger keeps what it cost."""
    with connected() as client:
        client.messages.delete(message_id)
    say(f"{message_id} is deleted.", deleted=message_id)


@messages.command("cancel", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def cancel_message(message_id: IdArgument) -> None:
    """Cancel a message that was sent on its own and is yet to go out. What has gone out stays out."""
    with connected() as client:
        batch = client.batches.get(client.messages.get(message_id).batch_id)
        if batch.recipient_count > 1:
            raise typer.BadParameter(
                f"it is one of {batch.recipient_count} of the batch {batch.id}: "
                f"`heliograph batches cancel {batch.id}` cancels all of them.",
                param_hint="MESSAGE_ID",
            )
        client.batches.cancel(batch.id)
        show(client.messages.get(message_id))
