"""`heliograph conversations`: the messages in both directions with each number that has written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from heliograph.cli.output import say, show, show_all
from heliograph.cli.shape import Commands, Server, Written, completing, connected

if TYPE_CHECKING:
    from heliograph.cli.shape import Completed
    from heliograph.sdk import Client

conversations = Commands(
    "conversations", "Conversations: the messages in both directions with each number that has written.", lists=True
)

COLUMNS = ("id", "number", "first_name", "last_name", "unread", "assignee", "closed_at", "last_at", "last_text")
NOTES = ("id", "at", "author", "text")


def _ids(client: Client) -> Completed:
    return ((each.id, f"{each.number}: {each.last_text}") for each in client.conversations.list())


IdArgument = Annotated[str, typer.Argument(help="A conversation's id.", autocompletion=completing(_ids))]


@conversations.command("list", Server, Written, example="--output json")
def list_conversations(
    assignee: Annotated[
        str | None, typer.Option(help="Only those that this person answers, by e-mail address.")
    ] = None,
    closed: Annotated[bool | None, typer.Option("--closed/--open", help="Only those that are closed, or open.")] = None,
) -> None:
    """List conversations, the one written to last first."""
    with connected() as client:
        show_all(client.conversations.list(assignee=assignee, closed=closed), COLUMNS)


@conversations.command("show", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def show_conversation(conversation_id: IdArgument) -> None:
    """List the newest messages of a conversation, newest first."""
    with connected() as client:
        lines = client.conversations.messages(conversation_id)
        show_all(lines, ("id", "at", "direction", "channel", "status", "text"))


@conversations.command("reply", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW 'See you then.'")
def reply(
    conversation_id: IdArgument,
    text: Annotated[str | None, typer.Argument(help="The text, unless a template has it.")] = None,
    template: Annotated[str | None, typer.Option(help="A template's number or name, instead of a text.")] = None,
    channel: Annotated[Literal["sms", "viber", "whatsapp"], typer.Option(help="The channel to answer by.")] = "sms",
) -> None:
    """Answer, from the originator that was written to."""
    with connected() as client:
        show(client.conversations.reply(conversation_id, text, template=template, channel=channel))


@conversations.command("assign", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW vera@example.com")
def assign(
    conversation_id: IdArgument,
    assignee: Annotated[
        str | None, typer.Argument(help="Who answers, by e-mail address; nobody in particular.")
    ] = None,
) -> None:
    """Say who answers a conversation."""
    with connected() as client:
        show(client.conversations.change(conversation_id, assignee=assignee))


@conversations.command("close", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def close_conversation(
    conversation_id: IdArgument,
    undo: Annotated[bool, typer.Option("--undo", help="Open it again.")] = False,
) -> None:
    """Say that nobody needs to answer any more, until something comes again."""
    with connected() as client:
        show(client.conversations.change(conversation_id, closed=not undo))


@conversations.command("note", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW 'Likes to be called.'")
def note(
    conversation_id: IdArgument,
    text: Annotated[str | None, typer.Argument(help="What is noted; without it, what was noted is listed.")] = None,
) -> None:
    """Note something for those who answer, which is sent to nobody, or list what was noted."""
    with connected() as client:
        if text is None:
            show_all(client.conversations.notes(conversation_id), NOTES)
        else:
            show(client.conversations.add_note(conversation_id, text))


@conversations.command("read", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def mark_read(conversation_id: IdArgument) -> None:
    """Mark everything in a conversation as read."""
    with connected() as client:
        client.conversations.mark_read(conversation_id)
    say(f"{conversation_id} is read.", read=conversation_id)


@conversations.command("delete", Server, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def delete_conversation(conversation_id: IdArgument) -> None:
    """Delete a conversation, with all messages to the number and from it; the ledger keeps what they cost."""
    with connected() as client:
        client.conversations.delete(conversation_id)
    say(f"{conversation_id} is deleted.", deleted=conversation_id)
