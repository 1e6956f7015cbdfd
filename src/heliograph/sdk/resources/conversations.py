"""The messages in both directions with each number that has written."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.transport import SyncTransport


class Conversations:
    """Conversations: the messages in both directions with each number that has written."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def all(self) -> Sequence[wire.Conversation]:
        """List all conversations, the one written to last first."""
        return (self._transport.run(calls.get(wire.Conversations, "conversations"))).items

    def messages(self, conversation_id: str) -> Sequence[wire.ThreadLine]:
        """List the newest messages, in both directions and by all channels, newest first."""
        path = ("conversations", conversation_id, "messages")
        return (self._transport.run(calls.get(wire.Thread, *path))).items

    def mark_read(self, conversation_id: str) -> None:
        """Mark everything in a conversation as read."""
        self._transport.run(calls.without_answer("POST", "conversations", conversation_id, "read"))

    def delete(self, conversation_id: str) -> None:
        """Delete a conversation, with all messages to the number and from it; the ledger keeps what they cost.

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
