"""Operations on single messages."""

from __future__ import annotations

import msgspec

from heliograph.api import wire
from heliograph.api.drafts import message_draft, with_links
from heliograph.api.resource import NativeResource
from heliograph.api.streams import Stream, progress
from heliograph.api.values import maybe_address, money
from heliograph.domain import batches, messages
from heliograph.domain.accounts import Account, Scope
from heliograph.domain.attempts import Attempt
from heliograph.domain.batches import BodyKind
from heliograph.domain.channels import Channel
from heliograph.domain.filters import MessageFilter
from heliograph.domain.ids import following
from heliograph.domain.statuses import SETTLED, Status, explanation
from heliograph.doors import Call, Operation, Reply
from heliograph.doors.filters import msisdn_filter, originator_filter
from heliograph.doors.operations import EVENT_STREAM
from heliograph.numbers import plus_kept


class Messages(NativeResource):
    operations = (
        Operation(
            name="send_message",
            method="POST",
            path="/messages",
            scope=Scope.MESSAGES_SEND,
            request=wire.SendMessage,
            response=wire.Message,
            status=201,
            summary="Send a message to one number",
        ),
        Operation(
            name="list_messages",
            method="GET",
            path="/messages",
            scope=Scope.MESSAGES_READ,
            query=wire.MessageQuery,
            response=wire.MessagePage,
            summary="List messages, newest first, or look for some",
        ),
        Operation(
            name="get_message_index",
            method="GET",
            path="/message-index",
            scope=Scope.MESSAGES_READ,
            response=wire.MessageIndex,
            summary="How far texts are indexed, for the words in `q`",
        ),
        Operation(
            name="get_message",
            method="GET",
            path="/messages/{message_id}",
            scope=Scope.MESSAGES_READ,
            response=wire.Message,
            summary="Get a message",
        ),
        Operation(
            name="follow_message",
            method="GET",
            path="/messages/{message_id}/events",
            scope=Scope.MESSAGES_READ,
            query=wire.EventsQuery,
            files=(EVENT_STREAM,),
            summary="Each change of a message, as server-sent events, until it is settled",
        ),
        Operation(
            name="wait_for_message",
            method="GET",
            path="/messages/{message_id}/wait",
            scope=Scope.MESSAGES_READ,
            query=wire.WaitQuery,
            response=wire.Message,
            summary="Wait until a message is settled",
        ),
        Operation(
            name="why_message",
            method="GET",
            path="/messages/{message_id}/why",
            scope=Scope.MESSAGES_READ,
            response=wire.Wait,
            summary="Why a message waits, and until when",
        ),
        Operation(
            name="list_attempts",
            method="GET",
            path="/messages/{message_id}/attempts",
            scope=Scope.MESSAGES_READ,
            response=wire.Attempts,
            summary="Which providers a message was handed to, and what came of it",
        ),
        Operation(
            name="delete_message",
            method="DELETE",
            path="/messages/{message_id}",
            scope=Scope.MESSAGES_SEND,
            status=204,
            summary="Delete a message that a provider has or that has ended; the ledger keeps what it cost",
        ),
    )

    async def send_message(self, call: Call[None, wire.SendMessage]) -> Reply:
        draft = await with_links(self._services.links, self._settings, call, message_draft(call.body, [call.body.to]))
        created = await self._services.batches.create(call.account, draft)
        message_id = following(created.batch.id, 1)[0]
        status = 200 if created.repeated else 201
        if created.repeated or created.refused:
            return Reply(shown_message(await self._services.messages.get(call.account, message_id)), status)
        return Reply(just_accepted(created.batch, message_id), status)

    async def list_messages(self, call: Call[wire.MessageQuery, None]) -> wire.MessagePage:
        query = call.query
        wanted = message_filter(query, call.account)
        found = await self._services.messages.listing(call.account, wanted, limit=query.limit, before=query.before)
        return wire.MessagePage(items=[shown_message(message) for message in found.items], next=found.next)

    async def get_message_index(self, call: Call[None, None]) -> wire.MessageIndex:
        searched_at, until = await self._services.messages.indexed(call.account)
        return wire.MessageIndex(searched_at=searched_at, indexed_until=until)

    async def get_message(self, call: Call[None, None]) -> wire.Message:
        return shown_message(await self._services.messages.get(call.account, call.path["message_id"]))

    async def wait_for_message(self, call: Call[wire.WaitQuery, None]) -> wire.Message:
        found = await self._services.messages.wait_until_settled(
            call.account, call.path["message_id"], call.query.timeout_s
        )
        return shown_message(found)

    async def follow_message(self, call: Call[wire.EventsQuery, None]) -> Stream:
        message_id = call.path["message_id"]

        async def show() -> tuple[wire.Message, bool]:
            found = await self._services.messages.get(call.account, message_id)
            return shown_message(found), found.status in SETTLED

        return await progress(self._services.live, call, message_id, show, scope=Scope.MESSAGES_READ)

    async def why_message(self, call: Call[None, None]) -> wire.Wait:
        return shown_wait(*await self._services.messages.why(call.account, call.path["message_id"]))

    async def list_attempts(self, call: Call[None, None]) -> wire.Attempts:
        found = await self._services.messages.attempts(call.account, call.path["message_id"])
        return wire.Attempts(items=[shown_attempt(each) for each in found])

    async def delete_message(self, call: Call[None, None]) -> None:
        await self._services.messages.delete(call.account, call.path["message_id"])


def message_filter(query: wire.MessageFilter, account: Account) -> MessageFilter:
    """Return the filter of messages that a query asks for."""
    return MessageFilter(
        text=query.q or "",
        batch_id=query.batch_id,
        msisdns=msisdn_filter(plus_kept(query.to), account.default_region) if query.to else [],
        originators=[originator_filter(query.originator)] if query.originator else [],
        statuses=[Status(query.status)] if query.status else [],
        provider=query.provider,
        tags=[query.tag] if query.tag else [],
        since=query.since,
        until=query.until,
    )


def shown_message(stored: messages.Message) -> wire.Message:
    return wire.Message(
        id=stored.id,
        batch_id=stored.batch_id,
        to=f"+{stored.msisdn}",
        originator=maybe_address(stored.originator),
        text=stored.text,
        status=stored.status.value,
        reason=stored.why,
        explanation=explanation(stored.why, stored.detail),
        provider=stored.provider,
        provider_code=stored.provider_code,
        encoding=stored.encoding,
        parts=stored.parts,
        attempts=stored.attempts,
        created_at=stored.created_at,
        send_at=stored.due_at,
        expire_at=stored.expire_at,
        sent_at=stored.sent_at,
        settled_at=stored.settled_at,
        confirmed_at=stored.confirmed_at,
        price=money(stored.price),
        channel=Channel(stored.channel).value,
    )


def just_accepted(batch: batches.Batch, message_id: str) -> wire.Message:
    """Show the only message of a batch that was accepted a moment ago, without asking the store for it."""
    return wire.Message(
        id=message_id,
        batch_id=batch.id,
        to=f"+{batch.recipients[0]}",
        originator=maybe_address(batch.originator),
        text=batch.body if batch.kind is BodyKind.TEXT else None,
        status="queued",
        reason=None,
        explanation=None,
        provider=None,
        provider_code=None,
        encoding=None,
        parts=None,
        attempts=0,
        created_at=batch.created_at,
        send_at=batch.send_at,
        expire_at=batch.expire_at,
        sent_at=None,
        settled_at=None,
        confirmed_at=None,
        channel=batch.options.channel.value,
    )


def shown_wait(stored: messages.Message, waiting: messages.Wait) -> wire.Wait:
    return wire.Wait(
        message_id=stored.id,
        status=stored.status.value,
        why=waiting.why.value,
        until=waiting.until,
        explanation=waiting.explanation,
    )


def shown_attempt(stored: Attempt) -> wire.Attempt:
    told = msgspec.structs.replace(stored, detail=explanation(stored.reason, stored.detail))
    return msgspec.convert(told, wire.Attempt, from_attributes=True)
