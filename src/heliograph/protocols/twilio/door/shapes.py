"""Between our nouns and Twilio's: its documents from what is stored, our drafts from its forms."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from heliograph.calling.requested import requested
from heliograph.domain.accounts import Account
from heliograph.domain.batches import Batch, Draft, Options, ReportWish
from heliograph.domain.bounded import instant_in, whole_number
from heliograph.domain.channels import Channel
from heliograph.domain.inbound import Inbound
from heliograph.domain.prices import MICROS
from heliograph.domain.statuses import Status, explain
from heliograph.domain.verifications import Verification, VerificationStatus
from heliograph.doors.facts import FactsOf
from heliograph.numbers import plus_kept, with_plus
from heliograph.protocols.twilio import wire
from heliograph.protocols.twilio.codes import Code, error_code, message_word
from heliograph.protocols.twilio.door.refusals import TwilioRefusal
from heliograph.protocols.twilio.door.sids import (
    ATTEMPT,
    FORM,
    MESSAGING_SERVICE,
    MMS,
    SMS,
    VERIFICATION,
    account_sid,
    media_sid,
    sid,
    verify_service_sid,
)
from heliograph.services.history import Sent
from heliograph.text import measure_text, verbatim

PROTOCOL = "twilio"
WHATSAPP = "whatsapp:"
MOST_MEDIA = 10


class Facts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What this door keeps with a batch."""

    service: str | None = None
    """The sid of the messaging service that it was sent by."""
    reply: bool = False
    """Whether it answers an inbound message, by TwiML."""


FACTS = FactsOf(PROTOCOL, Facts)
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)


_ADDRESSES = {"To", "From"}


def _address(text: str) -> str:
    """Restore the plus of a number, which a form that was not encoded loses."""
    prefix = WHATSAPP if text.startswith(WHATSAPP) else ""
    return prefix + plus_kept(text.removeprefix(prefix))


class Form:
    """The fields of a request: a form, or a query."""

    def __init__(self, fields: wire.Fields) -> None:
        self.fields = [(name, _address(value) if name in _ADDRESSES else value) for name, value in fields]

    def one(self, name: str) -> str | None:
        """Return the last value of a name; None if there is none, or it is empty."""
        return self.given(name) or None

    def given(self, name: str) -> str | None:
        """Return the last value of a name, even if it is empty; None if there is none."""
        return next((value for each, value in reversed(self.fields) if each == name), None)

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.fields if each == name and value]

    def flag(self, name: str) -> bool:
        return (self.one(name) or "").lower() == "true"

    def number(self, name: str, allowed: range) -> int | None:
        """Return the number that a name has; None if it is not given. Raises TwilioRefusal unless it is allowed."""
        text = self.one(name)
        if text is None:
            return None
        if (number := whole_number(text, allowed)) is None:
            raise TwilioRefusal(
                Code.PARAMETER_INVALID, f"{name} must be a number from {allowed.start} to {allowed.stop - 1}"
            )
        return number

    def dates(self, name: str) -> tuple[datetime | None, datetime | None]:
        """Return from when, inclusive, and until when, exclusive, by the filters NAME, NAME> and NAME<.

        A plain NAME is a whole day; NAME> and NAME< name a second that belongs to the range. None is no limit. Raises
        TwilioRefusal for what is not a date.
        """
        day, since, last = (self._instant(each) for each in (name, f"{name}>", f"{name}<"))
        until = None if last is None else _later(last.replace(microsecond=0), _SECOND)
        if day is None:
            return since, until
        midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
        return max(midnight, since or midnight), min(filter(None, (_later(midnight, _DAY), until)), default=None)

    def _instant(self, name: str) -> datetime | None:
        text = self.one(name)
        at = None if text is None else instant_in(text)
        if text is not None and at is None:
            raise TwilioRefusal(Code.PARAMETER_INVALID, f"{name} is no date: {text}")
        return at


def address(originator: str | None, channel: str = Channel.SMS) -> str | None:
    """Write an originator, or who wrote a message, as Twilio does; None if there is none."""
    if originator is None:
        return None
    return (WHATSAPP if channel == Channel.WHATSAPP else "") + with_plus(originator)


def with_links(text: str, media: Sequence[str]) -> str:
    """Put the links of media behind the text, each on its own line, since that is how they are sent."""
    return "\n".join([*([text] if text else []), *media])


def draft(form: Form, account: Account, now: datetime) -> Draft:
    """Turn a request to send into a draft. Raises TwilioRefusal, with Twilio's own codes."""
    to, sender, service = form.one("To"), form.one("From"), form.one("MessagingServiceSid")
    text, media = form.given("Body") or "", form.all("MediaUrl")
    if to is None:
        raise TwilioRefusal(Code.TO_MISSING, "A 'To' phone number is required.")
    if service is None and _is_service(sender):  # Twilio takes it there, too
        sender, service = None, sender
    if sender is None and service is None:
        raise TwilioRefusal(Code.FROM_MISSING, "A 'From' phone number is required.")
    if service is not None and not _is_service(service):
        raise TwilioRefusal(Code.FROM_NOT_USABLE, f"{service} is no sid of a messaging service")
    if form.one("ContentSid") is not None:
        raise TwilioRefusal(Code.CONTENT_INVALID, "There are no content templates here; send a Body.")
    if not text and not media:
        raise TwilioRefusal(Code.BODY_MISSING, "Message body is required.")
    if len(text) > wire.MAX_BODY:
        raise TwilioRefusal(Code.BODY_TOO_LONG, "The concatenated message body exceeds the 1600 character limit")
    if len(media) > MOST_MEDIA or not all(map(_is_link, media)):
        raise TwilioRefusal(Code.MEDIA_INVALID, f"At most {MOST_MEDIA} MediaUrl, each of http:// or https://")
    send_at = _send_at(form, service, now)
    validity = form.number("ValidityPeriod", wire.VALIDITY_S)
    channel = Channel.WHATSAPP if to.startswith(WHATSAPP) else Channel.SMS
    body, parameters = verbatim(with_links(text, media))
    callback = form.one("StatusCallback")
    return Draft(
        protocol=PROTOCOL,
        to=[to.removeprefix(WHATSAPP)],
        originator=None if sender is None else sender.removeprefix(WHATSAPP),
        text=body,
        parameters=parameters or None,
        send_at=send_at,
        expire_at=None if validity is None else (send_at or now) + timedelta(seconds=validity),
        callback_url=callback,
        report=ReportWish.NONE if callback is None else ReportWish.PER_RECIPIENT,
        options=Options(
            channel=channel,
            media=tuple(media),
            feedback=form.flag("ProvideFeedback"),
            as_given=bool(parameters),
        ),
        door_facts=FACTS.write(Facts(service=service)),
    )


def _is_link(url: str) -> bool:
    if not url.startswith(("https://", "http://")):
        return False
    try:
        return bool(requested(url))
    except ValueError:
        return False


def _is_service(text: str | None) -> bool:
    return text is not None and FORM.fullmatch(text) is not None and text.startswith(MESSAGING_SERVICE)


def _send_at(form: Form, service: str | None, now: datetime) -> datetime | None:
    text, kind = form.one("SendAt"), form.one("ScheduleType")
    if kind not in {None, "fixed"}:
        raise TwilioRefusal(Code.SCHEDULE_TYPE_INVALID, f"The ScheduleType is 'fixed', not {kind!r}")
    if text is None and kind is None:
        return None
    if text is None or kind is None:
        raise TwilioRefusal(Code.SCHEDULE_INCOMPLETE, "SendAt and a ScheduleType of 'fixed' need each other.")
    if service is None:
        raise TwilioRefusal(Code.SERVICE_MISSING, "MessagingServiceSid is required to schedule a message")
    at = instant_in(text)
    if at is None or int((at - now).total_seconds()) not in wire.DELAYS_S:
        raise TwilioRefusal(Code.SEND_AT_INVALID, "SendAt must be an ISO 8601 date from 300 s to 35 days ahead")
    return at


def _later(at: datetime, by: timedelta) -> datetime | None:
    """Add a duration; None for what is beyond the last date there is."""
    try:
        return at + by
    except OverflowError:
        return None


def facts_of(batch: Batch) -> Facts:
    """Return what this door keeps with a batch; nothing of one that came by another."""
    return FACTS.read(batch.protocol, batch.door_facts)


def prefix_of(media: Sequence[str]) -> str:
    return MMS if media else SMS


def sent(account: Account, found: Sent, now: datetime, currency: str) -> wire.Message:
    """Show an outbound message as Twilio does."""
    message, batch = found.message, found.batch
    facts = facts_of(batch)
    word = message_word(message, now, by_service=facts.service is not None)
    links = [url for url in batch.options.media if url]
    text = found.rendered.body.removesuffix(with_links("", links)).removesuffix("\n")
    return _message(
        account,
        sid(prefix_of(batch.options.media), message.id),
        body=text if links else found.rendered.body,
        created=message.created_at,
        sent_at=message.sent_at,
        updated=message.settled_at or message.sent_at or message.created_at,
        direction="outbound-reply" if facts.reply else "outbound-api",
        error=error_code(word, message.why),
        explanation=explain(message.why) if message.why else None,
        # A service picks the sender when the message goes out.
        sender=None if word == "accepted" else address(message.originator, message.channel),
        service=facts.service,
        media=len(links),
        segments=0 if word == "accepted" else message.parts or found.rendered.parts,
        price=message.price if message.sent_at is not None else None,
        currency=currency,
        status=word,
        to=address(f"+{message.msisdn}", message.channel),
    )


def just_accepted(found: Sent) -> Sent:
    """Return a message as it was when it was stored, which is what Twilio answers: it may have gone on since."""
    message = found.message
    if message.status is Status.QUEUED and not message.attempts:
        return found
    before = msgspec.structs.replace(
        message,
        status=Status.QUEUED,
        reason=None,
        attempts=0,
        due_at=message.created_at,
        sent_at=None,
        settled_at=None,
    )
    return found._replace(message=before)


def received(account: Account, message: Inbound, currency: str) -> wire.Message:
    """Show an inbound message as Twilio does."""
    return _message(
        account,
        sid(SMS, message.id),
        body=message.body,
        created=message.received_at,
        sent_at=message.received_at,
        updated=message.received_at,
        direction="inbound",
        error=None,
        explanation=None,
        sender=address(message.msisdn, message.channel),
        service=None,
        media=0,
        segments=measure_text(message.body).parts if message.body else 1,
        price=message.price,
        currency=currency,
        status="received",
        to=address(message.to, message.channel),
    )


def _message(
    account: Account,
    own_sid: str,
    *,
    body: str,
    created: datetime,
    sent_at: datetime | None,
    updated: datetime,
    direction: str,
    error: int | None,
    explanation: str | None,
    sender: str | None,
    service: str | None,
    media: int,
    segments: int,
    price: int | None,
    currency: str,
    status: str,
    to: str | None,
) -> wire.Message:
    uri = message_uri(account, own_sid)
    return wire.Message(
        account_sid=account_sid(account),
        body=body,
        date_created=wire.date(created),
        date_sent=None if sent_at is None else wire.date(sent_at),
        date_updated=wire.date(updated),
        direction=direction,
        error_code=error,
        error_message=explanation if error is not None else None,
        sender=sender,
        messaging_service_sid=service,
        num_media=str(media),
        num_segments=str(segments),
        price=None if not price else f"-{price / MICROS:.5f}",
        price_unit=currency,
        sid=own_sid,
        status=status,
        subresource_uris={"media": f"{uri}/Media.json", "feedback": f"{uri}/Feedback.json"},
        to=to,
        uri=f"{uri}.json",
    )


def account_uri(account: Account) -> str:
    return f"{wire.API}/Accounts/{account_sid(account)}"


def message_uri(account: Account, own_sid: str) -> str:
    return f"{account_uri(account)}/Messages/{own_sid}"


def media(account: Account, found: Sent) -> list[wire.Media]:
    """Show the media of a message, without those that were deleted."""
    return [medium(account, found, place) for place, url in enumerate(found.batch.options.media) if url]


def medium(account: Account, found: Sent, place: int) -> wire.Media:
    """Show one medium of a message; `place` counts from 0."""
    own_sid = sid(prefix_of(found.batch.options.media), found.message.id)
    url, at = found.batch.options.media[place], wire.date(found.message.created_at)
    return wire.Media(
        account_sid=account_sid(account),
        content_type=mimetypes.guess_type(urlsplit(url).path)[0] or "application/octet-stream",
        date_created=at,
        date_updated=at,
        parent_sid=own_sid,
        sid=(medium_sid := media_sid(found.message.id, place)),
        uri=f"{message_uri(account, own_sid)}/Media/{medium_sid}.json",
    )


def account_info(account: Account) -> wire.AccountInfo:
    at = wire.date(account.created_at)
    return wire.AccountInfo(
        sid=account_sid(account),
        friendly_name=account.name,
        date_created=at,
        date_updated=at,
        uri=f"{account_uri(account)}.json",
    )


_VERIFY_WORDS = {
    VerificationStatus.PENDING: "pending",
    VerificationStatus.VERIFIED: "approved",
    VerificationStatus.CANCELED: "canceled",
    VerificationStatus.FAILED: "max_attempts_reached",
    VerificationStatus.EXPIRED: "expired",
}


def verification(account: Account, stored: Verification, base_url: str) -> wire.Verification:
    own_sid, service = sid(VERIFICATION, stored.id), verify_service_sid(account)
    channel = stored.wording.channel.value
    attempt = {"time": wire.iso(stored.created_at), "channel": channel, "attempt_sid": sid(ATTEMPT, stored.batch_id)}
    return wire.Verification(
        sid=own_sid,
        service_sid=service,
        account_sid=account_sid(account),
        to=f"+{stored.msisdn}",
        channel=channel,
        status=_VERIFY_WORDS[stored.status],
        valid=stored.status is VerificationStatus.VERIFIED,
        send_code_attempts=[attempt] * stored.sends,
        date_created=wire.iso(stored.created_at),
        date_updated=wire.iso(stored.settled_at or stored.created_at),
        url=f"{base_url}/v2/Services/{service}/Verifications/{own_sid}",
    )


def check(account: Account, stored: Verification) -> wire.VerificationCheck:
    return msgspec.convert(msgspec.to_builtins(verification(account, stored, "")), wire.VerificationCheck)
