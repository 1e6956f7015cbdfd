"""The sandbox's simulated phones, for test suites and the web inbox."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from heliograph.domain.accounts import Account
from heliograph.domain.channels import Channel, RichMedia
from heliograph.domain.errors import InvalidBody, InvalidOriginator, InvalidRecipient, NotFound, WaitTimedOut
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.messages import Message
from heliograph.domain.phones import PhoneMessage
from heliograph.domain.statuses import Status
from heliograph.engine.engine import Engine
from heliograph.engine.notifier import ELSEWHERE_S, Subscription
from heliograph.numbers import Check, InvalidNumber, normalise, parse_originator
from heliograph.numbers import InvalidOriginator as NotAnOriginator
from heliograph.sandbox.chaos import Chaos
from heliograph.sandbox.operator import SandboxOperator
from heliograph.services.batches import is_storable
from heliograph.services.waits import Waits
from heliograph.store.messages import messages_by_ids, recent_failures
from heliograph.store.phones import clear_phones, messages_on, on_its_way, phones, received_twice
from heliograph.store.rents import rent_of
from heliograph.store.tx import Tx
from heliograph.text import Encoding

_decode_media = msgspec.json.Decoder(RichMedia).decode
_CODE = re.compile(r"(?<![\w.,:/-])(\d{3}[ -]\d{3}|\d{4,8})(?![\w/-]|[.,:]\d)")
MAX_REPLY_LENGTH = 2_000


class Phone(msgspec.Struct, frozen=True):
    """A simulated phone, by its latest message."""

    msisdn: str
    latest: PhoneMessage
    recent: int


class Entry(msgspec.Struct, frozen=True):
    """A line of a phone's conversation for the operator: what is on its screen, and what should have been."""

    id: str
    at: datetime
    received: bool
    peer: str
    body: str
    binary: bool
    encoding: str
    parts: int | None
    status: Status | None
    """Where the message stands; None: it was sent from the phone."""
    reason: str | None
    detail: str | None
    latency: timedelta | None
    """Time from acceptance to the receipt."""
    channel: Channel
    rich_media: RichMedia | None


class Contact(msgspec.Struct, frozen=True):
    """A phone in the operator's list, by what happened on it last."""

    msisdn: str
    at: datetime
    preview: str
    failed: bool
    """True if the last message to it did not arrive."""


class Contacts(NamedTuple):
    """A page of phones."""

    items: Sequence[Contact]
    next: str | None
    """Before which message the next page begins; None: there is none."""


class OnScreen(msgspec.Struct, frozen=True):
    """A message on a phone, and what is known of it; None: it was sent from the phone."""

    shown: PhoneMessage
    message: Message | None


def required(phones: Phones | None) -> Phones:
    """Return the phones. Raises NotFound where there is no sandbox."""
    if phones is None:
        raise NotFound("This server has no sandbox: messages go by real providers.")
    return phones


class Phones:
    """The phones. Each method takes an account, and sees only what that sent; None is the operator, who sees all."""

    def __init__(self, engine: Engine, operator: SandboxOperator, waits: Waits) -> None:
        self._engine = engine
        self._store = engine.store
        self._operator = operator
        self._waits = waits

    async def all(
        self, account: Account | None, limit: int = 200, *, words: str = "", before: str | None = None
    ) -> list[Phone]:
        """List phones, those used last first: with `words` in their number or a message, last used before a message."""
        found = await self._store.read(phones, limit, _id(account), words=words, before=before)
        return [Phone(latest.msisdn, latest, recent) for latest, recent in found]

    async def conversation(
        self, account: Account | None, number: str, *, limit: int = 100, after: str | None = None
    ) -> list[OnScreen]:
        """Read the phone's newest messages, oldest of them first; only those after the message `after`."""
        shown = await self._store.read(
            messages_on, _phone(account, number), limit=limit, after=after, account_id=_id(account)
        )
        ours = [entry.message_id for entry in shown if entry.message_id is not None]
        known = await self._store.read(messages_by_ids, ours) if ours else {}
        return [OnScreen(entry, known.get(entry.message_id or "")) for entry in reversed(shown)]

    async def contacts(self, limit: int = 200, *, words: str = "", before: str | None = None) -> Contacts:
        """List, for the operator, phones with messages and numbers that messages failed to reach, latest first.

        Only those with `words` in the number or a text. What follows the first page has phones with messages only.
        """
        contacts: dict[str, Contact] = {}
        found = await self.all(None, limit, words=words, before=before)
        for phone in found:
            preview = phone.latest.body if phone.latest.encoding != Encoding.BINARY else "binary message"
            contacts[phone.msisdn] = Contact(phone.msisdn, from_ms(phone.latest.at), preview, failed=False)
        failures = await self._store.read(recent_failures, None, limit) if before is None else []
        for message in failures:
            if words and words not in message.msisdn and words.lower() not in (message.text or "").lower():
                continue
            known = contacts.get(message.msisdn)
            ended = message.settled_at or message.created_at
            if known is None or known.at <= ended:
                contacts[message.msisdn] = Contact(message.msisdn, ended, message.text or "", failed=True)
        following = found[-1].latest.id if len(found) == limit else None
        return Contacts(sorted(contacts.values(), key=lambda contact: contact.at, reverse=True), following)

    async def thread(self, number: str, limit: int = 100) -> list[Entry]:
        """Read, for the operator, the newest lines of a phone's conversation, oldest of them first."""
        msisdn = _phone(None, number)
        shown = await self.conversation(None, msisdn, limit=limit)
        there = {entry.shown.message_id for entry in shown}
        failures = await self._store.read(recent_failures, msisdn, limit)
        entries = [_shown(entry) for entry in shown]
        entries += [_missed(message) for message in failures if message.id not in there]
        return sorted(entries, key=lambda entry: (entry.at, entry.id))[-limit:]

    async def wait_for_message(
        self,
        account: Account | None,
        number: str,
        *,
        timeout_s: float,
        after: str | None = None,
        contains: str | None = None,
    ) -> PhoneMessage:
        """Wait for a message to the phone after the message `after` (None: ever) whose text `contains`, and return it.

        If there are several already, it is the oldest. Raises WaitTimedOut if none comes within `timeout_s`;
        TooManyWaits.
        """
        msisdn = _phone(account, number)
        deadline = time.monotonic() + timeout_s
        with self._waits.place(account), self._engine.notifier.listen(f"phone:{msisdn}") as subscription:
            while True:
                found = await self._store.read(
                    messages_on, msisdn, limit=1_000, after=after, direction="received", account_id=_id(account)
                )
                wanted = [entry for entry in reversed(found) if contains is None or contains in entry.body]
                if wanted:
                    return wanted[0]
                left = deadline - time.monotonic()
                if left <= 0:
                    raise WaitTimedOut(f"No such message reached {number} within {timeout_s:g} s.")
                await subscription.wait(min(left, ELSEWHERE_S))

    async def code(
        self, account: Account | None, number: str, *, timeout_s: float = 0, after: str | None = None
    ) -> tuple[str, PhoneMessage]:
        """Find the one-time code in the latest message received after the message `after` (None: ever) that has one.

        What was accepted later and is on its way to the phone is waited for: the code is not that of the message
        before. Looks at the last fifty messages. Raises WaitTimedOut if there is no such code within `timeout_s`;
        TooManyWaits.
        """
        msisdn = _phone(account, number)
        deadline = time.monotonic() + timeout_s
        with self._waits.place(account), self._engine.notifier.listen(f"phone:{msisdn}") as subscription:
            while True:
                found, coming = await self._store.read(_latest_code, _id(account), msisdn, after)
                if found is not None and not coming:
                    return found
                left = deadline - time.monotonic()
                if left <= 0:
                    missing = "The latest message to {} is on its way" if coming else "No message on {} has a new code"
                    raise WaitTimedOut(f"{missing.format(number)}.")
                await subscription.wait(min(left, ELSEWHERE_S))

    async def clear(self, account: Account | None, number: str | None = None) -> None:
        """Take the messages off a phone, or off all."""
        msisdn = None if number is None else _phone(account, number)
        await self._store.write(clear_phones, _id(account), msisdn)
        self._engine.notifier.tell(["phones", *([] if msisdn is None else [f"phone:{msisdn}"])])

    async def reply(
        self, account: Account | None, number: str, to: str, text: str, channel: Channel | None = None
    ) -> str:
        """Send a text from a phone to an originator, and return the inbound message's id.

        It goes by the channel that the last message from there came by, unless one is named. It goes to `account`; for
        the operator, to whoever last wrote to this phone from `to`. Raises InvalidBody, InvalidOriginator; NotFound if
        nobody wrote from there, or if another account has rented `to`.
        """
        if not text or len(text) > MAX_REPLY_LENGTH or not is_storable(text):
            raise InvalidBody(f"A reply has 1 to {MAX_REPLY_LENGTH} characters.", field="text")
        try:
            originator = parse_originator(to).value
        except NotAnOriginator as error:
            raise InvalidOriginator(f"{to!r} can't be written to: {error.reason}.", field="to") from error
        rent = None if account is None else await self._store.read(rent_of, originator)
        if account is not None and rent is not None and rent.account_id != account.id:
            raise _nobody_wrote(number, to)
        inbound_id = await self._operator.reply(
            _phone(account, number), originator, text, account_id=_id(account), channel=channel
        )
        if inbound_id is None:
            raise _nobody_wrote(number, to)
        return inbound_id

    @property
    def chaos(self) -> Chaos:
        return self._operator.chaos

    async def set_chaos(self, chaos: Chaos) -> None:
        """Set how the network misbehaves, in force at once."""
        await self._operator.set_chaos(chaos)

    async def received(self, account: Account) -> tuple[int, int]:
        """Count the account's messages that phones got, and how many of these were repetitions."""
        return await self._store.read(received_twice, account.id)

    def listen(self, msisdn: str | None = None) -> Subscription:
        """Listen for news of one phone, or of all."""
        return self._engine.notifier.listen("phones" if msisdn is None else f"phone:{_phone(None, msisdn)}")


def _latest_code(
    tx: Tx, account_id: str | None, msisdn: str, after: str | None
) -> tuple[tuple[str, PhoneMessage] | None, bool]:
    """Find the latest code with its message, and whether a later message is on its way."""
    shown = messages_on(tx, msisdn, limit=50, after=after, direction="received", account_id=account_id)
    for entry in shown:
        if (code := code_in(entry.body)) is not None:
            coming = on_its_way(tx, account_id, msisdn, entry.message_id or "", now_ms())
            return (code, entry), bool(coming - {each.message_id for each in shown})
    return None, False


def _shown(entry: OnScreen) -> Entry:
    shown, message = entry.shown, entry.message
    settled = None if message is None else message.settled_at
    return Entry(
        id=shown.id,
        at=from_ms(shown.at),
        received=shown.direction == "received",
        peer=shown.peer,
        body=shown.body,
        binary=shown.encoding == Encoding.BINARY,
        encoding=shown.encoding,
        parts=shown.parts,
        status=None if message is None else message.status,
        reason=None if message is None else message.why,
        detail=None if message is None else message.detail,
        latency=None if message is None or settled is None else settled - message.created_at,
        channel=Channel(shown.channel),
        rich_media=None if shown.rich_media is None else _decode_media(shown.rich_media),
    )


def _missed(message: Message) -> Entry:
    return Entry(
        id=message.id,
        at=message.created_at,
        received=True,
        peer=message.originator or "",
        body=message.text or "",
        binary=message.text is None,
        encoding=message.encoding or "",
        parts=message.parts,
        status=message.status,
        reason=message.why,
        detail=message.detail,
        latency=None,
        channel=Channel(message.channel),
        rich_media=None,
    )


def _nobody_wrote(number: str, to: str) -> NotFound:
    return NotFound(f"Nobody has written to {number} from {to}, so nobody gets this message.")


def _id(account: Account | None) -> str | None:
    return None if account is None else account.id


def code_in(text: str) -> str | None:
    """Find the one-time code in a text: 4 to 8 digits on their own, or two groups of three; the first of several."""
    found = _CODE.search(text)
    return None if found is None else re.sub(r"\D", "", found.group())


def _phone(account: Account | None, number: str) -> str:
    region = None if account is None else account.default_region
    try:
        return normalise(number, region=region, check=Check.SHAPE)
    except InvalidNumber as error:
        raise InvalidRecipient(f"{number!r} is not a phone number: {error.reason}.", field="msisdn") from error
