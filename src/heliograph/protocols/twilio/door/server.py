"""The Twilio doors: messages, and one-time codes."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from heliograph.calling.requested import requested
from heliograph.domain import errors
from heliograph.domain.accounts import CredentialKind, Principal
from heliograph.domain.batches import Draft
from heliograph.domain.bounded import basic_credentials
from heliograph.domain.channels import Channel
from heliograph.domain.errors import HeliographError, NotFound, Unauthenticated
from heliograph.domain.filters import InboundFilter, MessageFilter
from heliograph.domain.fraud import Guarded
from heliograph.domain.inbound import Inbound
from heliograph.domain.prices import MICROS
from heliograph.domain.verifications import Verification, VerificationDraft, Wording
from heliograph.doors import AnyCall, Call, Door, Operation
from heliograph.doors.bodies import read_body, require_few_fields
from heliograph.doors.door import address_of
from heliograph.doors.filters import msisdn_filter, originator_filter
from heliograph.doors.settings import DoorSettings
from heliograph.numbers import Check, InvalidNumber, normalise
from heliograph.protocols.twilio import wire
from heliograph.protocols.twilio.codes import Code
from heliograph.protocols.twilio.door import shapes
from heliograph.protocols.twilio.door.operations import MESSAGES, VERIFY
from heliograph.protocols.twilio.door.pages import Place, media_page, message_page, place
from heliograph.protocols.twilio.door.refusals import TwilioRefusal, refused
from heliograph.protocols.twilio.door.shapes import PROTOCOL, Form
from heliograph.protocols.twilio.door.sids import (
    MMS,
    SMS,
    VERIFICATION,
    account_sid,
    id_of,
    media_sid,
    verify_service_sid,
)
from heliograph.services.aside import LARGE_BODY, aside
from heliograph.services.history import Sent
from heliograph.services.recipients import parse_msisdns
from heliograph.services.services import Services

_UNLIMITED = 1_000_000
"""The balance that an account is shown which is not billed."""
VERIFY_TEXT = "Your verification code is: ${code}"
VERIFY_TTL_S, VERIFY_ATTEMPTS = 600, 5
_VERIFY_CHANNELS = {"sms": Channel.SMS, "whatsapp": Channel.WHATSAPP}
_BLOCKED = (Code.BLOCKED, "Verification delivery attempt blocked")
_GUARDED = {
    Guarded.NUMBER: (Code.SENDS_EXHAUSTED, "Max send attempts reached"),
    Guarded.LIMIT: (Code.TOO_MANY_REQUESTS, "Too many requests"),
    Guarded.COUNTRY: (Code.COUNTRY_BLOCKED, "Verification delivery attempt blocked by geo permissions"),
    Guarded.KIND: _BLOCKED,
    Guarded.SLOWED: _BLOCKED,
    Guarded.STOPPED: _BLOCKED,
}


class TwilioDoor(Door):
    """What the doors for messages and for one-time codes have in common."""

    idempotency_headers = ("I-Twilio-Idempotency-Token", "Idempotency-Key")

    def __init__(self, services: Services, settings: DoorSettings) -> None:
        super().__init__(services, max_body_bytes=settings.max_body_bytes)
        self._services = services
        self._settings = settings

    async def authenticate(self, request: Request) -> Principal:
        found = basic_credentials(request.headers.get("authorization", ""))
        if found is None:
            raise Unauthenticated("The request has no credentials.")
        principal = await self._services.access.authenticate(CredentialKind.TWILIO, *found, address=address_of(request))
        asked = request.path_params.get("account_sid")
        if asked is not None and asked != account_sid(principal.account):
            raise Unauthenticated("The credentials are another account's.")
        return principal

    def render_error(self, error: HeliographError, operation: Operation | None = None) -> Response:
        return refused(error)

    def refuse(self, request: Request, error: HeliographError, operation: Operation | None = None) -> Response:
        if isinstance(error, NotFound):
            error = NotFound(f"The requested resource {self.resource(request)} was not found")
        return self.render_error(error, operation)

    def resource(self, request: Request) -> str:
        """Return the address that an error names."""
        return request.url.path

    async def form(self, call: AnyCall) -> Form:
        try:
            body = await read_body(call.request, self.max_body_bytes)
            require_few_fields(body)
            fields = await aside(len(body) > LARGE_BODY, wire.fields_in, body)
        except ValueError as error:
            raise TwilioRefusal(Code.PARAMETER_INVALID, "The body is no form") from error
        return _form(fields)


class MessagesDoor(TwilioDoor):
    operations = MESSAGES

    async def fetch_account(self, call: Call[None, None]) -> wire.AccountInfo:
        return shapes.account_info(call.account)

    async def create_message(self, call: Call[None, None]) -> wire.Message:
        """Create a message, and answer with it as it was when it was stored.

        Opt-outs and countries that nothing is sent to are refused at once, as Twilio refuses them.
        """
        now = datetime.now(UTC)
        draft = shapes.draft(await self.form(call), call.account, now)
        (msisdn,) = parse_msisdns(draft.to, call.account.default_region, Check.POSSIBLE, field="To")
        _require_another(msisdn, draft, call.account.default_region)
        if await self._services.optouts.among(call.account, [msisdn]):
            raise errors.OptedOut("Attempt to send to unsubscribed recipient")
        if not self._services.money.covers(call.account, msisdn, draft.options.channel):
            raise errors.NoCoverage()
        created = await self._services.batches.create(call.account, draft)
        (found,) = await self._services.history.page(call.account, MessageFilter(batch_id=created.batch.id), limit=1)
        as_it_is = created.repeated or created.refused
        return self._shown(call, found if as_it_is else shapes.just_accepted(found))

    def _shown(self, call: AnyCall, found: Sent | Inbound) -> wire.Message:
        currency = self._services.money.currency
        if isinstance(found, Inbound):
            return shapes.received(call.account, found, currency)
        return shapes.sent(call.account, found, datetime.now(UTC), currency)

    async def _found(self, call: AnyCall) -> Sent | Inbound:
        """Find the message of the path, whichever way it went. Raises NotFound."""
        identifier = id_of(call.path["sid"], SMS, MMS)
        if identifier is None:
            raise NotFound()
        try:
            return await self._services.history.get(call.account, identifier)
        except NotFound:
            return await self._services.inbound.get(call.account, identifier)

    async def fetch_message(self, call: Call[None, None]) -> wire.Message:
        return self._shown(call, await self._found(call))

    async def update_message(self, call: Call[None, None]) -> wire.Message:
        """Delete the text of a message (an empty Body) or cancel one (Status `canceled`). Refuses anything else."""
        form, found = await self.form(call), await self._found(call)
        if form.given("Status") is not None:
            if form.one("Status") != "canceled" or isinstance(found, Inbound):
                raise TwilioRefusal(Code.PARAMETER_INVALID, "A Status can only be changed to 'canceled'")
            await self._services.messages.cancel(call.account, found.message.id)
        elif form.given("Body") == "":
            if isinstance(found, Inbound):
                await self._services.inbound.redact(call.account, found.id)
            else:
                await self._services.messages.redact(call.account, found.message.id)
        else:
            raise TwilioRefusal(Code.PARAMETER_INVALID, "Only an empty Body, or a Status, can be set")
        return self._shown(call, await self._found(call))

    async def delete_message(self, call: Call[None, None]) -> None:
        found = await self._found(call)
        if isinstance(found, Inbound):
            await self._services.inbound.delete(call.account, found.id)
        else:
            await self._services.messages.delete(call.account, found.message.id)

    async def list_messages(self, call: Call[None, None]) -> wire.MessagePage:
        """List messages of both directions, newest first."""
        asked = _asked(call)
        at = place(asked)
        found = await self._page(call, asked, at)
        shown = [self._shown(call, each) for each in at.cut(found)]
        path = f"{shapes.account_uri(call.account)}/Messages.json"
        return message_page(at, shown, path, asked.fields, more=len(found) > at.size)

    async def _page(self, call: AnyCall, asked: Form, at: Place) -> list[Sent | Inbound]:
        """Find the messages of a page, and one more if there is one, newest first."""
        since, until = asked.dates("DateSent")
        limit = at.size + 1
        to, sender, region = asked.one("To"), asked.one("From"), call.account.default_region
        outbound = MessageFilter(
            msisdns=msisdn_filter(_bare(to), region) if to else [],
            originators=[originator_filter(_bare(sender))] if sender else [],
            since=since,
            until=until,
        )
        arrived = InboundFilter(
            to=[originator_filter(_bare(to))] if to else [],
            msisdns=msisdn_filter(_bare(sender), region) if sender else [],
            since=since,
            until=until,
        )
        services, account = self._services, call.account
        found: list[Sent | Inbound] = []
        found += await services.history.page(account, outbound, limit=limit, before=at.before, after=at.after)
        found += await services.inbound.page(account, arrived, limit=limit, before=at.before, after=at.after)
        found.sort(key=lambda each: each.id if isinstance(each, Inbound) else each.message.id, reverse=True)
        return found[:limit] if at.after is None else found[-limit:]

    async def list_media(self, call: Call[None, None]) -> wire.MediaPage:
        """List the media of a message; a filter by date compares the message's own."""
        asked, found = _asked(call), await self._found(call)
        at, (since, until) = place(asked), asked.dates("DateCreated")
        media: list[wire.Media] = []
        if not isinstance(found, Inbound) and _is_within(found.message.created_at, since, until):
            media = shapes.media(call.account, found)
        return media_page(at, media, call.request.url.path, asked.fields)

    async def _medium(self, call: AnyCall) -> tuple[Sent, int]:
        """Find the message and the place of the medium that the path names. Raises NotFound."""
        found = await self._found(call)
        if not isinstance(found, Inbound):
            for nth, url in enumerate(found.batch.options.media):
                if url and media_sid(found.message.id, nth) == call.path["media_sid"]:
                    return found, nth
        raise NotFound()

    async def fetch_media(self, call: Call[None, None]) -> wire.Media:
        found, nth = await self._medium(call)
        return shapes.medium(call.account, found, nth)

    async def redirect_to_media(self, call: Call[None, None]) -> Response:
        found, nth = await self._medium(call)
        return RedirectResponse(requested(found.batch.options.media[nth]).url)

    async def delete_media(self, call: Call[None, None]) -> None:
        found, nth = await self._medium(call)
        await self._services.messages.drop_media(call.account, found.message.id, nth)

    async def create_feedback(self, call: Call[None, None]) -> wire.Feedback:
        form, found = await self.form(call), await self._found(call)
        outcome = form.one("Outcome") or "confirmed"
        if outcome not in {"confirmed", "unconfirmed"} or isinstance(found, Inbound):
            raise TwilioRefusal(Code.PARAMETER_INVALID, "Outcome is 'confirmed' or 'unconfirmed', of a sent message")
        if outcome == "confirmed":
            await self._services.messages.confirm(call.account, found.message.id)
        now = wire.date(datetime.now(UTC))
        return wire.Feedback(
            account_sid=account_sid(call.account),
            message_sid=call.path["sid"],
            outcome=outcome,
            date_created=now,
            date_updated=now,
            uri=call.request.url.path,
        )

    async def fetch_balance(self, call: Call[None, None]) -> wire.Balance:
        amount = await self._services.money.balance(call.account)
        return wire.Balance(
            account_sid=account_sid(call.account),
            balance=f"{_UNLIMITED if amount is None else amount / MICROS:.5f}",
            currency=self._services.money.currency,
        )


class VerifyDoor(TwilioDoor):
    operations = VERIFY

    def resource(self, request: Request) -> str:
        """Return the address that an error names, without the version, which Verify leaves out."""
        return request.url.path.removeprefix(request.scope.get("root_path", ""))

    def _require_service(self, call: AnyCall) -> None:
        if call.path["service_sid"] != verify_service_sid(call.account):
            raise NotFound()

    def _shown(self, call: AnyCall, stored: Verification) -> wire.Verification:
        return shapes.verification(call.account, stored, self._settings.base_url(call.request))

    async def start_verification(self, call: Call[None, None]) -> wire.Verification:
        """Send a one-time code; while one is pending for the number, send that again, five times in all."""
        self._require_service(call)
        form = await self.form(call)
        to, channel = form.one("To"), _VERIFY_CHANNELS.get(form.one("Channel") or "")
        if to is None or channel is None:
            raise TwilioRefusal(
                Code.VERIFY_PARAMETER, "Invalid parameter: To is a number, and Channel is sms or whatsapp"
            )
        if form.one("CustomCode") is not None:
            raise TwilioRefusal(Code.CUSTOM_CODE, "Custom code not allowed")
        try:
            draft = VerificationDraft(
                number=to,
                wording=Wording(text=VERIFY_TEXT, channel=channel),
                ttl_s=VERIFY_TTL_S,
                max_attempts=VERIFY_ATTEMPTS,
                protocol=PROTOCOL,
            )
            return self._shown(call, await self._services.verify.start_or_send_again(call.account, draft))
        except errors.ChannelNotActive as error:
            raise TwilioRefusal(Code.CHANNEL_DISABLED, f"Delivery channel disabled: {channel}") from error
        except errors.InvalidRecipient as error:
            raise _no_number(to) from error
        except (errors.TooManyCodes, errors.CodesRefused) as error:
            code, said = _GUARDED[Guarded(str(error.facts["why"]))]
            raise TwilioRefusal(code, f"{said}: {error.message}") from error

    async def _pending(self, call: AnyCall, to: str) -> Verification | None:
        try:
            return await self._services.verify.pending(call.account, to, PROTOCOL)
        except errors.InvalidRecipient as error:
            raise _no_number(to) from error

    async def _by_sid(self, call: AnyCall, sid: str) -> Verification:
        identifier = id_of(sid, VERIFICATION)
        if identifier is None:
            raise NotFound()
        return await self._services.verify.get(call.account, identifier)

    async def fetch_verification(self, call: Call[None, None]) -> wire.Verification:
        self._require_service(call)
        return self._shown(call, await self._by_sid(call, call.path["sid"]))

    async def update_verification(self, call: Call[None, None]) -> wire.Verification:
        self._require_service(call)
        form, stored = await self.form(call), await self._by_sid(call, call.path["sid"])
        status, verify = form.one("Status"), self._services.verify
        if status == "canceled":
            return self._shown(call, await verify.cancel(call.account, stored.id))
        if status == "approved":
            return self._shown(call, await verify.approve(call.account, stored.id))
        raise TwilioRefusal(Code.VERIFY_PARAMETER, "Invalid parameter: Status is 'canceled' or 'approved'")

    async def check_verification(self, call: Call[None, None]) -> wire.VerificationCheck:
        """Check a code. A wrong one is not an error: the verification is answered as still pending."""
        self._require_service(call)
        form = await self.form(call)
        code, to, sid = form.one("Code"), form.one("To"), form.one("VerificationSid")
        if code is None or (to is None and sid is None):
            raise TwilioRefusal(Code.VERIFY_PARAMETER, "Invalid parameter: Code, and To or VerificationSid")
        if sid is not None:
            stored: Verification | None = await self._by_sid(call, sid)
        else:
            stored = await self._pending(call, to or "")
        if stored is None:
            raise NotFound()
        try:
            return shapes.check(call.account, await self._services.verify.check(call.account, stored.id, code))
        except errors.WrongCode:
            return shapes.check(call.account, await self._services.verify.get(call.account, stored.id))
        except errors.VerificationFailed as error:
            raise TwilioRefusal(Code.CHECKS_EXHAUSTED, "Max check attempts reached") from error
        except errors.VerificationOver as error:
            raise NotFound() from error


def _form(fields: wire.Fields) -> Form:
    if any("\0" in value for _, value in fields):
        raise TwilioRefusal(Code.PARAMETER_INVALID, "Text may not contain the character U+0000")
    return Form(fields)


def _asked(call: AnyCall) -> Form:
    return _form(call.request.query_params.multi_items())


def _require_another(msisdn: str, draft: Draft, region: str | None) -> None:
    """Refuse a message from a number to itself, however the two are written."""
    try:
        sender = normalise(draft.originator or "", region=region, check=Check.POSSIBLE)
    except InvalidNumber:
        return
    if sender == msisdn:
        sms = draft.options.channel is Channel.SMS
        code = Code.TO_IS_FROM if sms else Code.TO_IS_FROM_ON_CHANNEL
        raise TwilioRefusal(code, f"'To' and 'From' number cannot be the same: +{msisdn}")


def _no_number(to: str) -> TwilioRefusal:
    return TwilioRefusal(Code.VERIFY_PARAMETER, f"Invalid parameter `To`: {to}")


def _bare(address: str) -> str:
    return address.removeprefix(shapes.WHATSAPP)


def _is_within(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or since <= at) and (until is None or at < until)
