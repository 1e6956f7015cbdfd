"""Operations on conversations: the messages in both directions with each number that has written."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.api.messages import shown_message
from heliograph.api.resource import PROTOCOL, NativeResource
from heliograph.domain.accounts import Scope
from heliograph.domain.channels import Channel
from heliograph.domain.conversations import ConversationEntry
from heliograph.domain.statuses import Status
from heliograph.doors import Call, Operation
from heliograph.numbers import with_plus
from heliograph.services.conversations import Known


class Conversations(NativeResource):
    operations = (
        Operation(
            name="list_conversations",
            method="GET",
            path="/conversations",
            scope=Scope.CONVERSATIONS,
            response=wire.Conversations,
            summary="List conversations, the one written to last first",
        ),
        Operation(
            name="get_conversation",
            method="GET",
            path="/conversations/{conversation_id}/messages",
            scope=Scope.CONVERSATIONS,
            response=wire.Thread,
            summary="The newest messages of a conversation, newest first",
        ),
        Operation(
            name="mark_conversation_read",
            method="POST",
            path="/conversations/{conversation_id}/read",
            scope=Scope.CONVERSATIONS,
            status=204,
            summary="Nothing in it is unread any more",
        ),
        Operation(
            name="delete_conversation",
            method="DELETE",
            path="/conversations/{conversation_id}",
            scope=Scope.CONVERSATIONS,
            status=204,
            summary="Delete a conversation, with all messages to the number and from it; the ledger keeps their cost",
        ),
        Operation(
            name="answer_conversation",
            method="POST",
            path="/conversations/{conversation_id}/replies",
            scope=Scope.CONVERSATIONS,
            request=wire.Answer,
            response=wire.Message,
            status=201,
            summary="Answer from the originator that was written to",
        ),
    )

    async def list_conversations(self, call: Call[None, None]) -> wire.Conversations:
        found = await self._services.conversations.all(call.account)
        return wire.Conversations(items=[shown_conversation(known) for known in found])

    async def get_conversation(self, call: Call[None, None]) -> wire.Thread:
        known = await self._services.conversations.get(call.account, call.path["conversation_id"])
        lines = await self._services.conversations.thread(call.account, known.conversation)
        return wire.Thread(items=[shown_line(line) for line in lines])

    async def mark_conversation_read(self, call: Call[None, None]) -> None:
        await self._services.conversations.mark_read(call.account, call.path["conversation_id"])

    async def delete_conversation(self, call: Call[None, None]) -> None:
        await self._services.conversations.delete(call.account, call.path["conversation_id"])

    async def answer_conversation(self, call: Call[None, wire.Answer]) -> wire.Message:
        body = call.body
        sent = await self._services.conversations.reply(
            call.account,
            call.path["conversation_id"],
            Channel(body.channel),
            body.text,
            template=body.template,
            protocol=PROTOCOL,
            idempotency_key=body.idempotency_key,
        )
        return shown_message(sent.message)


def shown_conversation(known: Known) -> wire.Conversation:
    stored, details = known
    return wire.Conversation(
        id=stored.id,
        number=with_plus(stored.msisdn),
        first_name=details.first_name,
        last_name=details.last_name,
        unread=stored.unread,
        last_text=stored.last_text,
        last_at=stored.last_at,
    )


def shown_line(line: ConversationEntry) -> wire.ThreadLine:
    return wire.ThreadLine(
        id=line.id,
        direction="received" if line.received else "sent",
        channel=Channel(line.channel).value,
        text=line.text,
        status=Status(line.status).value,
        at=line.at,
    )
