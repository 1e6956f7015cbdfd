"""The messages in both directions with each number that has written."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.resources.listing import Listing, items
from heliograph.sdk.transport import SyncTransport


class Conversations:
    """Conversations: the messages in both directions with each number that has written."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def list(
        self,
        *,
        closed: bool | None = None,
        unread: bool | None = None,
        assigned: bool | None = None,
        assignee: str | None = None,
        page_size: int = 100,
    ) -> Listing[wire.Conversation]:
        """Iterate over conversations, the one written to last first; pages are fetched as they are needed.

        `assignee` is the e-mail address of who answers.
        """
        return items(
            self._transport,
            wire.ConversationPage,
            "conversations",
            limit=page_size,
            closed=closed,
            unread=unread,
            assigned=assigned,
            assignee=assignee,
        )

    def get(self, conversation_id: str) -> wire.Conversation:
        """Get a conversation. Raises NotFound."""
        return self._transport.run(calls.get(wire.Conversation, "conversations", conversation_id))

    def change(
        self, conversation_id: str, *, assignee: str | UnsetType | None = UNSET, closed: bool | UnsetType = UNSET
    ) -> wire.Conversation:
        """Say who answers, by e-mail address, and whether the conversation is closed; what is not given stays.

        None: nobody in particular answers. Whatever comes opens a closed conversation again.
        """
        body = wire.ChangeConversation(assignee=assignee, closed=closed)
        return self._transport.run(calls.patch(wire.Conversation, body, "conversations", conversation_id))

    def notes(self, conversation_id: str) -> Sequence[wire.Note]:
        """List what is noted about a conversation, oldest first."""
        path = ("conversations", conversation_id, "notes")
        return (self._transport.run(calls.get(wire.Notes, *path))).items

    def add_note(self, conversation_id: str, text: str) -> wire.Note:
        """Note something about a conversation, for those who answer; it is sent to nobody."""
        path = ("conversations", conversation_id, "notes")
        return self._transport.run(calls.post(wire.Note, wire.AddNote(text=text), *path))

    def delete_note(self, conversation_id: str, note_id: str) -> None:
        """Delete a note."""
        path = ("conversations", conversation_id, "notes", note_id)
        self._transport.run(calls.without_answer("DELETE", *path))

    def messages(self, conversation_id: str) -> Sequence[wire.ThreadLine]:
        """List the newest messages, in both directions and by all channels, newest first."""
        path = ("conversations", conversation_id, "messages")
        return (self._transport.run(calls.get(wire.Thread, *path))).items

    def mark_read(self, conversation_id: str) -> None:
        """Mark everything in a conversation as read."""
        self._transport.run(calls.without_answer("POST", "conversations", conversation_id, "read"))

    def delete(self, conversation_id: str) -> None:
        """Delete a conversation, its notes and all messages to the number and from it; the ledger keeps their cost.

        Raises NotFinished if one of them is yet to be sent. What comes meanwhile stays.
        """
        self._transport.run(calls.without_answer("DELETE", "conversations", conversation_id))

    def reply(
        self,
        conversation_id: str,
        text: str | None = None,
        *,
        template: int | str | None = None,
        channel: wire.ChannelName = "sms",
        idempotency_key: str | None = None,
    ) -> wire.Message:
        """Answer with a text or a template, from the originator that was written to.

        Raises WindowClosed, by other channels than SMS, later than 24 hours after their last message by that channel.
        """
        body = wire.Answer(text=text, template=template, channel=channel, idempotency_key=idempotency_key)
        return self._transport.run(calls.send(wire.Message, body, "conversations", conversation_id, "replies"))
