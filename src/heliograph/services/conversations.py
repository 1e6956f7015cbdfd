"""Conversations: who wrote to an account, what was answered, and answering."""

from __future__ import annotations

from typing import NamedTuple

from heliograph.domain.accounts import Account
from heliograph.domain.batches import Draft, Options
from heliograph.domain.channels import Channel, RichMedia
from heliograph.domain.contacts import UNKNOWN, Details
from heliograph.domain.conversations import WINDOW, Conversation, ConversationEntry
from heliograph.domain.directory import TemplateWish
from heliograph.domain.errors import ChannelNotActive, NotFound, WindowClosed
from heliograph.domain.filters import InboundFilter, MessageFilter
from heliograph.domain.inbound import Inbound
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.statuses import Status
from heliograph.engine.engine import Engine
from heliograph.services.batches import Batches
from heliograph.services.history import History, Sent
from heliograph.store.contacts import known_as
from heliograph.store.conversations import conversation_by_id, conversations_of, mark_read
from heliograph.store.forgetting import delete_if_empty, delete_messages, delete_received, exchanged_with
from heliograph.store.inbound import inbound_of

LONGEST_THREAD = 500
_ALL = 10_000
_SLICE = 500
"""Messages that are deleted in one transaction."""


class Known(NamedTuple):
    """A conversation, and what the account's groups know of the person it is with."""

    conversation: Conversation
    details: Details


class Conversations:
    """The conversations of an account. Raises NotFound for one that it does not have."""

    def __init__(self, engine: Engine, batches: Batches, history: History) -> None:
        self._engine = engine
        self._store = engine.store
        self._batches = batches
        self._history = history

    async def all(self, account: Account, *, limit: int = _ALL) -> list[Known]:
        """Read conversations, the one written to last first."""
        found = await self._store.read(conversations_of, account.id, limit=limit)
        known = await self._store.read(known_as, account.id, [each.msisdn for each in found])
        return [Known(each, known.get(each.msisdn, UNKNOWN)) for each in found]

    async def get(self, account: Account, conversation_id: str) -> Known:
        found = await self._store.read(conversation_by_id, account.id, conversation_id)
        if found is None:
            raise NotFound("There is no such conversation in this account.")
        known = await self._store.read(known_as, account.id, [found.msisdn])
        return Known(found, known.get(found.msisdn, UNKNOWN))

    async def thread(
        self, account: Account, conversation: Conversation, *, limit: int = LONGEST_THREAD
    ) -> list[ConversationEntry]:
        """Read the newest messages of a conversation in both directions and by all channels, newest first."""
        wanted = InboundFilter(msisdns=[conversation.msisdn])
        received = await self._store.read(inbound_of, account.id, wanted, limit=limit)
        sent = await self._history.page(account, MessageFilter(msisdns=[conversation.msisdn]), limit=limit)
        now = now_ms()
        lines = [_received(message) for message in received] + [_sent(each, now) for each in sent]
        return sorted(lines, key=lambda line: (line.at, line.id), reverse=True)[:limit]

    async def mark_read(self, account: Account, conversation_id: str) -> None:
        """Mark a conversation as read. Safe to repeat."""
        if not await self._store.write(mark_read, account.id, conversation_id):
            raise NotFound("There is no such conversation in this account.")

    async def delete(self, account: Account, conversation_id: str) -> None:
        """Delete a conversation with all messages to the number and from it; the ledger keeps what they cost.

        Raises NotFinished if one of them is yet to be sent: then nothing is deleted, unless that changed meanwhile. In
        slices; after a crash some are gone, and the same again deletes the rest. What comes meanwhile stays.
        """
        conversation = (await self.get(account, conversation_id)).conversation
        sent, received = await self._store.read(exchanged_with, account.id, conversation.msisdn)
        for begin in range(0, len(sent), _SLICE):
            await self._store.write(delete_messages, account.id, sent[begin : begin + _SLICE])
        for begin in range(0, len(received), _SLICE):
            await self._store.write(delete_received, account.id, received[begin : begin + _SLICE])
        await self._store.write(delete_if_empty, account.id, conversation.id)

    async def reply(
        self,
        account: Account,
        conversation_id: str,
        channel: Channel,
        text: str | None,
        *,
        protocol: str,
        template: int | str | None = None,
        rich_media: RichMedia | None = None,
        idempotency_key: str | None = None,
    ) -> Sent:
        """Answer with a text or a template, from the originator that was written to last. Committed when this returns.

        Raises ChannelNotActive; WindowClosed by other channels than SMS more than 24 hours after the last message by
        it; and what sending raises: then nothing is stored.
        """
        conversation = (await self.get(account, conversation_id)).conversation
        heard = conversation.heard.get(channel)
        if channel is not Channel.SMS:
            if channel not in self._engine.router.channels:
                raise ChannelNotActive()
            if heard is None or from_ms(now_ms()) - from_ms(heard.at_ms) > WINDOW:
                raise WindowClosed()
        latest = heard or max(conversation.heard.values())
        draft = Draft(
            protocol=protocol,
            to=[f"+{conversation.msisdn}"],
            originator=latest.to,
            text=text,
            template=None if template is None else TemplateWish(template, channel),
            idempotency_key=idempotency_key,
            options=Options(channel=channel, rich_media=rich_media),
        )
        created = await self._batches.create(account, draft)
        (sent,) = await self._history.of_batch(account, created.batch.id)
        return sent


def _received(message: Inbound) -> ConversationEntry:
    return ConversationEntry(
        message.id,
        True,
        message.body,
        None,
        Status.DELIVERED,
        False,
        message.price,
        message.channel,
        message.received_at,
    )


def _sent(sent: Sent, now: int) -> ConversationEntry:
    message, batch, rendered = sent
    fallback = batch.options.fallbacks[message.leg - 1] if message.leg else None
    return ConversationEntry(
        message.id,
        False,
        rendered.body,
        batch.options.rich_media if fallback is None else fallback.rich_media,
        message.status,
        message.status is Status.QUEUED and message.due_at > from_ms(now),
        message.price,
        message.channel,
        message.created_at,
    )
