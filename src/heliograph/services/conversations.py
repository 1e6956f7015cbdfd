"""Conversations: who wrote to an account, what was answered, and answering."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import UNSET, UnsetType

from heliograph.domain.accounts import Account, Scope
from heliograph.domain.audit import ActorKind
from heliograph.domain.batches import Draft, Options
from heliograph.domain.channels import Channel, RichMedia
from heliograph.domain.contacts import UNKNOWN, Details
from heliograph.domain.conversations import (
    EVERY_ONE,
    MOST_NOTES,
    WINDOW,
    Conversation,
    ConversationEntry,
    ConversationFilter,
    Note,
    Place,
    note_in,
)
from heliograph.domain.directory import TemplateWish
from heliograph.domain.errors import ChannelNotActive, Conflict, InvalidField, NotFound, WindowClosed
from heliograph.domain.filters import InboundFilter, MessageFilter
from heliograph.domain.ids import new_id
from heliograph.domain.inbound import Inbound
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.people import SCOPES, Person, normal_email
from heliograph.domain.statuses import Status
from heliograph.engine.engine import Engine
from heliograph.services.audit import who_acts
from heliograph.services.batches import Batches
from heliograph.services.history import History, Sent
from heliograph.store.contacts import known_as
from heliograph.store.conversations import (
    NoteRow,
    add_note,
    change_conversation,
    conversation_by_id,
    conversations_of,
    delete_note,
    mark_read,
    notes_of,
)
from heliograph.store.forgetting import delete_if_empty, delete_messages, delete_received, exchanged_with
from heliograph.store.inbound import inbound_of
from heliograph.store.people import people_at, person_named

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

    async def all(
        self,
        account: Account,
        wanted: ConversationFilter = EVERY_ONE,
        *,
        limit: int = _ALL,
        before: Place | None = None,
    ) -> list[Known]:
        """Read conversations, the one written to last first; with `before`, those that come after that place."""
        found = await self._store.read(conversations_of, account.id, wanted, limit=limit, before=before)
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

    async def people(self, account: Account) -> list[Person]:
        """List who may answer: those with a role here that lets them, and whoever asks, by e-mail address.

        An administrator of the installation is not named to others until they answer something themselves.
        """
        found = await self._store.read(people_at, account.id)
        here = {
            each.id: each
            for each in found
            for held in each.roles
            if held.account_id == account.id and Scope.CONVERSATIONS in SCOPES[held.role]
        }
        asking = who_acts()
        if asking.kind is ActorKind.PERSON and asking.id not in here:
            person = await self._store.read(person_named, asking.id)
            here |= {} if person is None else {person.id: person}
        return sorted(here.values(), key=lambda person: person.email)

    async def person(self, account: Account, email: str) -> Person:
        """Find somebody who may answer. Raises InvalidField."""
        for person in await self.people(account):
            if person.email == normal_email(email):
                return person
        raise InvalidField(f"Nobody called {email[:80]!r} answers conversations of this account.", field="assignee")

    async def change(
        self,
        account: Account,
        conversation_id: str,
        *,
        assignee: str | UnsetType | None = UNSET,
        closed: bool | UnsetType = UNSET,
        seen: str | UnsetType | None = UNSET,
    ) -> Known:
        """Say who answers a conversation, by e-mail address, and whether it is closed; what is not given stays.

        Closing marks it as read, and whatever comes opens it again. With `seen`, the identifier of the person who
        answered when somebody decided, raises Conflict if it is another by now. Raises InvalidField for a person who
        may not answer.
        """
        values: dict[str, object] = {}
        if not isinstance(assignee, UnsetType):
            values["assignee_id"] = None if assignee is None else (await self.person(account, assignee)).id
        if not isinstance(closed, UnsetType):
            values |= {"closed_at": now_ms(), "unread": 0} if closed else {"closed_at": None}
        changed = await self._store.write(change_conversation, account.id, conversation_id, values, seen)
        if changed is None:
            raise NotFound("There is no such conversation in this account.")
        if not isinstance(seen, UnsetType) and changed.assignee_id not in {seen, values.get("assignee_id", seen)}:
            raise Conflict(f"{changed.assignee or 'Nobody'} answers this conversation by now.", field="assignee")
        return await self.get(account, conversation_id)

    async def notes(self, account: Account, conversation: Conversation) -> list[Note]:
        """Read what is noted about a conversation, oldest first."""
        return await self._store.read(notes_of, account.id, conversation.msisdn)

    async def note(self, account: Account, conversation_id: str, text: str) -> Note:
        """Note something about a conversation; it is sent to nobody. Raises InvalidField, and Conflict for too many."""
        body = note_in(text)
        conversation = (await self.get(account, conversation_id)).conversation
        note_id, at = new_id(), now_ms()
        row = NoteRow(note_id, account.id, conversation.msisdn, who_acts().name, body, at)
        if not await self._store.write(add_note, row, most=MOST_NOTES):
            raise Conflict(f"A conversation has {MOST_NOTES} notes at most: delete some that are over.", field="text")
        return Note(id=note_id, author=row.author, text=body, at=from_ms(at))

    async def delete_note(self, account: Account, conversation_id: str, note_id: str) -> None:
        """Delete a note. Raises NotFound."""
        conversation = (await self.get(account, conversation_id)).conversation
        if not await self._store.write(delete_note, account.id, conversation.msisdn, note_id):
            raise NotFound("There is no such note in this conversation.")

    async def delete(self, account: Account, conversation_id: str) -> None:
        """Delete a conversation, its notes and all messages to the number and from it; the ledger keeps their cost.

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
