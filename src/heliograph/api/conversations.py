"""Operations on conversations: the messages in both directions with each number that has written."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.api.messages import shown_message
from heliograph.api.resource import PROTOCOL, NativeResource
from heliograph.domain.accounts import Scope
from heliograph.domain.channels import Channel
from heliograph.domain.conversations import ConversationEntry, ConversationFilter, Note, place_in, place_of
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
            query=wire.ConversationQuery,
            response=wire.ConversationPage,
            summary="List conversations, the one written to last first",
        ),
        Operation(
            name="get_conversation",
            method="GET",
            path="/conversations/{conversation_id}",
            scope=Scope.CONVERSATIONS,
            response=wire.Conversation,
            summary="Get a conversation",
        ),
        Operation(
            name="change_conversation",
            method="PATCH",
            path="/conversations/{conversation_id}",
            scope=Scope.CONVERSATIONS,
            request=wire.ChangeConversation,
            response=wire.Conversation,
            summary="Say who answers, or that nobody needs to any more",
        ),
        Operation(
            name="list_notes",
            method="GET",
            path="/conversations/{conversation_id}/notes",
            scope=Scope.CONVERSATIONS,
            response=wire.Notes,
            summary="List what is noted about a conversation, oldest first",
        ),
        Operation(
            name="add_note",
            method="POST",
            path="/conversations/{conversation_id}/notes",
            scope=Scope.CONVERSATIONS,
            request=wire.AddNote,
            response=wire.Note,
            status=201,
            summary="Note something about a conversation; it is sent to nobody",
        ),
        Operation(
            name="delete_note",
            method="DELETE",
            path="/conversations/{conversation_id}/notes/{note_id}",
            scope=Scope.CONVERSATIONS,
            status=204,
            summary="Delete a note",
        ),
        Operation(
            name="list_conversation_messages",
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

    async def list_conversations(self, call: Call[wire.ConversationQuery, None]) -> wire.ConversationPage:
        query, conversations = call.query, self._services.conversations
        person = None if query.assignee is None else await conversations.person(call.account, query.assignee)
        wanted = ConversationFilter(
            closed=query.closed,
            unread=query.unread,
            assigned=query.assigned,
            assignee_id=None if person is None else person.id,
        )
        before = None if query.before is None else place_in(query.before)
        found = await conversations.all(call.account, wanted, limit=query.limit, before=before)
        following = str(place_of(found[-1].conversation)) if len(found) == query.limit else None
        return wire.ConversationPage(items=[shown_conversation(known) for known in found], next=following)

    async def get_conversation(self, call: Call[None, None]) -> wire.Conversation:
        return shown_conversation(await self._services.conversations.get(call.account, call.path["conversation_id"]))

    async def change_conversation(self, call: Call[None, wire.ChangeConversation]) -> wire.Conversation:
        body, conversation_id = call.body, call.path["conversation_id"]
        changed = await self._services.conversations.change(
            call.account, conversation_id, assignee=body.assignee, closed=body.closed
        )
        return shown_conversation(changed)

    async def list_notes(self, call: Call[None, None]) -> wire.Notes:
        known = await self._services.conversations.get(call.account, call.path["conversation_id"])
        found = await self._services.conversations.notes(call.account, known.conversation)
        return wire.Notes(items=[_shown_note(note) for note in found])

    async def add_note(self, call: Call[None, wire.AddNote]) -> wire.Note:
        conversation_id = call.path["conversation_id"]
        return _shown_note(await self._services.conversations.note(call.account, conversation_id, call.body.text))

    async def delete_note(self, call: Call[None, None]) -> None:
        path = call.path
        await self._services.conversations.delete_note(call.account, path["conversation_id"], path["note_id"])

    async def list_conversation_messages(self, call: Call[None, None]) -> wire.Thread:
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
        assignee=stored.assignee,
        closed_at=stored.closed_at,
    )


def _shown_note(note: Note) -> wire.Note:
    return wire.Note(id=note.id, author=note.author, text=note.text, at=note.at)


def shown_line(line: ConversationEntry) -> wire.ThreadLine:
    return wire.ThreadLine(
        id=line.id,
        direction="received" if line.received else "sent",
        channel=Channel(line.channel).value,
        text=line.text,
        status=Status(line.status).value,
        at=line.at,
    )
