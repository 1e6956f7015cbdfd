"""Following single messages."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from heliograph.domain.accounts import Account
from heliograph.domain.attempts import Attempt, AttemptOutcome
from heliograph.domain.callbacks import Told
from heliograph.domain.errors import AlreadyDispatched, InvalidField, NotFound, WaitTimedOut
from heliograph.domain.filters import MessageFilter
from heliograph.domain.ids import made_at_ms
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.listing import Listed
from heliograph.domain.messages import Message, Wait, why_waiting
from heliograph.domain.routes import Considered, Subject, explain
from heliograph.domain.searching import MOST_WORDS, Sought
from heliograph.domain.statuses import SETTLED, Reason, Status
from heliograph.engine.engine import Engine
from heliograph.engine.notifier import ELSEWHERE_S
from heliograph.services.waits import Waits
from heliograph.store.attempts import attempts_of
from heliograph.store.batches import cancel_message
from heliograph.store.events import told_of
from heliograph.store.forgetting import delete_message, forget_medium, redact_message
from heliograph.store.indexing import index_of, is_noted, note_search
from heliograph.store.messages import confirm, list_messages, message_by_id, messages_of
from heliograph.store.searching import search_messages

_NEVER_WENT = {Reason.OPTED_OUT, Reason.EXPIRED_BEFORE_SENDING, Reason.CANCELED_BY_CUSTOMER}
"""Reasons of ends that are not an attempt: there may have been some before."""


_NUMBER = re.compile(r"\+[\d\s().\-/]*\d[\d\s().\-/]*")
"""A phone number, as people write it."""

_READ_AT_ONCE = 2_000


class Indexed(NamedTuple):
    """How far the texts of an account are indexed."""

    searched_at: datetime | None
    """About when words were last looked for, to the day; None: never, and nothing is indexed."""
    until: datetime | None
    """Messages from before this moment are found by the index; None: none are."""


class Way(NamedTuple):
    """The way that the rules have for a message."""

    considered: Sequence[Considered]
    """The rules that were looked at, up to the one that matched."""
    routes: Sequence[str]
    """The routes, in the order in which they are tried."""


class Messages:
    def __init__(self, engine: Engine, waits: Waits) -> None:
        self._engine = engine
        self._store = engine.store
        self._waits = waits

    async def get(self, account: Account, message_id: str) -> Message:
        """Read a message. Raises NotFound if the account has no such message."""
        message = await self._store.read(message_by_id, account.id, message_id)
        if message is None:
            raise _no_message(message_id)
        return message

    async def cancel(self, account: Account, message_id: str) -> None:
        """Call back one message whose time has not come. Raises NotFound; AlreadyDispatched if it has."""
        canceled = await self._store.write(cancel_message, account.id, message_id, now_ms())
        if canceled is None:
            raise _no_message(message_id)
        if not canceled:
            raise AlreadyDispatched("This message is not scheduled any more.")
        self._engine.wake_callbacks()

    async def page(
        self, account: Account, wanted: MessageFilter, *, limit: int, before: str | None = None
    ) -> list[Message]:
        """Read the first messages that a filter lets through, newest first, however many rows that takes."""
        return await self._store.read(messages_of, account.id, wanted, limit=limit, before=before)

    async def listing(
        self, account: Account, wanted: MessageFilter, *, limit: int, before: str | None = None
    ) -> Listed[Message]:
        """Read a page of messages, newest first. It may be short and go on: `next` says before which message.

        A text to look for that begins with a plus is the number of a recipient; of any other each word is looked for.
        Raises InvalidField for one without a word, or with more than MOST_WORDS.
        """
        if not wanted.text:
            return await self._store.read(list_messages, account.id, wanted, limit=limit, before=before)
        if _NUMBER.fullmatch(wanted.text.strip()):
            msisdn = "".join(filter(str.isdigit, wanted.text))
            if wanted.msisdns and msisdn not in wanted.msisdns:
                return Listed([], None)
            wanted = msgspec.structs.replace(wanted, text="", msisdns=[msisdn])
            return await self._store.read(list_messages, account.id, wanted, limit=limit, before=before)
        _require_words(wanted.text)
        index = await self._store.read(index_of, account.id)
        if not is_noted(index, now_ms()):
            await self._store.write(note_search, account.id, now_ms())
        return await self._store.read(search_messages, account.id, wanted, limit=limit, before=before)

    async def everything(self, account: Account, wanted: MessageFilter) -> AsyncIterator[Sequence[Message]]:
        """Read all messages that a filter lets through, newest first, some thousands at a time, as `listing` does.

        The next are read while these are worked on.
        """
        found = await self.listing(account, wanted, limit=_READ_AT_ONCE)
        while found.next is not None:
            coming = asyncio.ensure_future(self.listing(account, wanted, limit=_READ_AT_ONCE, before=found.next))
            try:
                yield found.items
                found = await coming
            finally:
                coming.cancel()
        yield found.items

    async def indexed(self, account: Account) -> Indexed:
        """Say how far the texts of an account are indexed for searches."""
        index = await self._store.read(index_of, account.id)
        if index is None:
            return Indexed(None, None)
        until = from_ms(made_at_ms(index.after)) if index.after else None
        return Indexed(from_ms(index.searched_at), until)

    async def why(self, account: Account, message_id: str) -> tuple[Message, Wait]:
        """Return a message, why it is not settled, and until when. Raises NotFound if the account has no such one."""
        message = await self.get(account, message_id)
        return message, why_waiting(message, datetime.now(UTC))

    async def attempts(self, account: Account, message_id: str) -> list[Attempt]:
        """List what was tried with a message, oldest first. Raises NotFound if the account has no such message."""
        message = await self.get(account, message_id)
        before = await self._store.read(attempts_of, account.id, message_id)
        waits = message.status in {Status.QUEUED, Status.SENDING}
        if message.provider is None or waits or message.reason in _NEVER_WENT:
            return before
        return [*before, _last_attempt(message)]

    async def told(self, account: Account, message: Message) -> list[Told]:
        """List what the customer was told of a message and its batch, oldest first, and how far that has come."""
        return await self._store.read(told_of, account.id, message.batch_id, message.id)

    def way(self, message: Message, tags: Sequence[str]) -> Way:
        """Say which routes the rules have for a message at this moment, and which rules were looked at."""
        router = self._engine.router
        subject = Subject(
            msisdn=message.msisdn,
            originator=message.originator,
            account=message.account_id,
            tags=tags,
            channel=message.channel,
            parts=message.parts or 1,
        )
        considered = explain(router.rules, subject, "", {}).considered
        return Way(considered, [route.name for route in router.routes_for(subject)])

    async def redact(self, account: Account, message_id: str) -> None:
        """Take the text of a message away. Raises NotFound; NotFinished; OneOfMany."""
        if not await self._store.write(redact_message, account.id, message_id, now_ms()):
            raise _no_message(message_id)

    async def delete(self, account: Account, message_id: str) -> None:
        """Delete a message as if there had been none, but for the ledger. Raises NotFound; NotFinished."""
        if not await self._store.write(delete_message, account.id, message_id):
            raise _no_message(message_id)

    async def drop_media(self, account: Account, message_id: str, place: int) -> None:
        """Take one of its links away from what is kept; what was sent was sent. Raises NotFound; OneOfMany."""
        if not await self._store.write(forget_medium, account.id, message_id, place):
            raise _no_message(message_id)

    async def confirm(self, account: Account, message_id: str) -> None:
        """Note that the recipient has a message. Raises NotFound."""
        message = await self.get(account, message_id)
        await self._store.write(confirm, account.id, message.batch_id, [message.msisdn], now_ms())

    async def wait_until_settled(self, account: Account, message_id: str, timeout_s: float) -> Message:
        """Wait for a message to be settled, and return it.

        Raises NotFound; WaitTimedOut if that takes longer than `timeout_s`; TooManyWaits.
        """
        deadline = time.monotonic() + timeout_s
        with self._waits.place(account), self._engine.notifier.listen(message_id) as subscription:
            while True:
                message = await self.get(account, message_id)
                left = deadline - time.monotonic()
                if message.status in SETTLED:
                    return message
                if left <= 0:
                    raise WaitTimedOut(f"After {timeout_s:g} s the message is {message.status}.")
                await subscription.wait(min(left, ELSEWHERE_S))


def _require_words(text: str) -> None:
    words = Sought.in_(text).words
    if not words:
        raise InvalidField(f"{text!r} has no word that could be looked for.", field="q")
    if len(words) > MOST_WORDS:
        raise InvalidField(f"{MOST_WORDS} words can be looked for at a time; these are {len(words)}.", field="q")


def _no_message(message_id: str) -> NotFound:
    return NotFound(f"There is no message {message_id} in this account.")


def _last_attempt(message: Message) -> Attempt:
    outcome = AttemptOutcome.TAKEN
    if message.status is Status.REJECTED and message.sent_at is None:
        outcome = AttemptOutcome.REFUSED
    elif message.reason == Reason.RETRIES_EXHAUSTED:
        outcome = AttemptOutcome.PUT_OFF
    elif message.reason == Reason.UNCERTAIN:
        outcome = AttemptOutcome.UNCERTAIN
    return Attempt(
        provider=message.provider or "",
        provider_ref=message.provider_ref,
        outcome=outcome,
        reason=message.reason,
        provider_code=message.provider_code,
        detail=message.detail,
        at=message.sent_at or message.settled_at or message.created_at,
    )
