"""Events as Twilio calls them out, and what the answers ask for (reference: providers.md, section A4)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urljoin

from heliograph.calling.requested import requested
from heliograph.domain.accounts import Account, CredentialKind
from heliograph.domain.answers import answer
from heliograph.domain.batches import Batch
from heliograph.domain.callbacks import Event, EventKind
from heliograph.domain.errors import NotFound
from heliograph.domain.instants import from_ms
from heliograph.domain.optouts import Consent
from heliograph.domain.statuses import Status
from heliograph.doors.callbacks import REMEMBERED_S, CallbackWriter
from heliograph.engine.callbacks import Answer, Orders, Payload
from heliograph.numbers import InvalidNumber, InvalidOriginator, country_of, normalise, parse_originator
from heliograph.protocols.twilio import wire
from heliograph.protocols.twilio.codes import error_code, word_of
from heliograph.protocols.twilio.door.shapes import (
    FACTS,
    PROTOCOL,
    WHATSAPP,
    Facts,
    address,
    facts_of,
    prefix_of,
    with_links,
)
from heliograph.protocols.twilio.door.sids import SMS, account_sid, sid
from heliograph.protocols.twilio.door.twiml import Reply, replies
from heliograph.protocols.twilio.signature import HEADER, sign
from heliograph.services.accounts import Accounts
from heliograph.services.events import EventSubjects
from heliograph.text import measure_text

_OPT_OUT_TYPES = {Consent.WITHDRAWN: "STOP", Consent.GIVEN: "START", Consent.EXPLANATION_WANTED: "HELP"}
_EVENT = "I-Twilio-Idempotency-Token"


class TwilioCallbacks(CallbackWriter):
    reads_answers = True
    takes_credentials = True

    def __init__(self, subjects: EventSubjects, accounts: Accounts) -> None:
        super().__init__(subjects)
        self._credentials = accounts
        self._tokens: dict[str, tuple[float, str]] = {}

    async def payload(self, account: Account, event: Event, data: Any) -> Payload:
        fields = wire.pairs(data)
        headers = {"Content-Type": f"{wire.FORM}; charset=utf-8", "User-Agent": "Heliograph", _EVENT: event.id}
        if token := await self._token(account):
            headers[HEADER] = sign(token, requested(event.sink).url, fields)
        return Payload(wire.form(data), headers)

    async def _token(self, account: Account) -> str:
        """Give the account's token as it was a moment ago; empty if it has none, and so nothing to sign with."""
        until, known = self._tokens.get(account.id, (0.0, ""))
        if until <= time.monotonic():
            known = await self._credentials.kept_secret(account, CredentialKind.TWILIO, account_sid(account)) or ""
            self._tokens[account.id] = (time.monotonic() + REMEMBERED_S, known)
        return known

    def signature(self, secrets: Sequence[str], event: Event, body: bytes) -> Mapping[str, str]:
        """Return nothing: Twilio signs a form and its URL, which `payload` does, not a body."""
        return {}

    async def data(self, account: Account, event: Event) -> dict[str, Any]:
        if event.kind is EventKind.INBOUND:
            return await self._inbound(account, event)
        if event.kind is not EventKind.MESSAGE_STATUS or event.facts is None:
            raise NotFound()
        facts = event.facts
        batch = await self.subjects.batch(account, event)
        channel = batch.options.channel
        status = Status(facts.status)
        word = word_of(status, went_out=facts.encoding is not None)
        own_sid = sid(prefix_of(batch.options.media), facts.message_id)
        done = f"{from_ms(facts.at_ms):%y%m%d%H%M}" if word in {"delivered", "undelivered"} else None
        return {
            "MessageSid": own_sid,
            "SmsSid": own_sid,
            "AccountSid": account_sid(account),
            "From": address(batch.originator, channel),
            "To": address(f"+{facts.msisdn}", channel),
            "MessageStatus": word,
            "SmsStatus": word,
            "ErrorCode": error_code(word, facts.reason),
            "MessagingServiceSid": facts_of(batch).service,
            "RawDlrDoneDate": done,
            "ApiVersion": wire.VERSION,
        }

    async def _inbound(self, account: Account, event: Event) -> dict[str, Any]:
        message = await self.subjects.inbound(account, event)
        own_sid = sid(SMS, message.id)
        return {
            "MessageSid": own_sid,
            "SmsSid": own_sid,
            "SmsMessageSid": own_sid,
            "AccountSid": account_sid(account),
            "From": address(message.msisdn, message.channel),
            "To": address(message.to, message.channel),
            "Body": message.body,
            "NumMedia": "0",
            "NumSegments": str(measure_text(message.body).parts if message.body else 1),
            "SmsStatus": "received",
            "FromCountry": country_of(message.msisdn),
            "OptOutType": _OPT_OUT_TYPES.get(message.consent(account.words)),
            "ApiVersion": wire.VERSION,
        }

    async def answered(self, event: Event, told: Answer) -> Orders:
        """Read the replies in TwiML that answer an inbound message; other events have none."""
        if event.kind is not EventKind.INBOUND:
            return Orders()
        found = replies(told.content_type, told.body)
        try:
            account = await self.subjects.account(event.account_id)
        except NotFound:
            return Orders()
        batches = [await self._batch(account, event, reply) for reply in found.messages]
        return Orders(batches, None if found.redirect is None else urljoin(told.url, found.redirect))

    async def _batch(self, account: Account, event: Event, reply: Reply) -> Batch:
        """Build the batch of one reply.

        Raises ValueError for a reply that can't be sent: if its recipient is no phone number, if it is too long, or if
        a number in it is not valid.
        """
        message = await self.subjects.inbound(account, event)
        if reply.to is None and not message.is_from_a_phone:
            raise ValueError("The reply can't be sent: its recipient is no phone number.")
        media = tuple(urljoin(requested(event.sink).url, link) for link in reply.media)
        text = with_links(reply.text, media)
        if len(text) > wire.MAX_BODY:
            raise ValueError(f"The reply has {len(text)} characters; {wire.MAX_BODY} are allowed.")
        try:
            to = None if reply.to is None else normalise(reply.to.removeprefix(WHATSAPP), region=account.default_region)
            sender = None if reply.sender is None else parse_originator(reply.sender.removeprefix(WHATSAPP)).value
        except (InvalidNumber, InvalidOriginator) as error:
            raise ValueError(f"The reply can't be sent: {error}") from error
        return answer(
            account,
            message,
            text,
            to=to,
            originator=sender,
            protocol=PROTOCOL,
            callback_url=None if reply.status_callback is None else urljoin(event.sink, reply.status_callback),
            consented=True,
            media=media,
            door_facts=FACTS.write(Facts(reply=True)),
        )
