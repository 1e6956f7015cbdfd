"""Sends and campaigns of SMS.CX: from a request to a draft of ours, and back to their answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from heliograph.domain.accounts import Account, Principal
from heliograph.domain.batches import Audience, Draft, Options, ReportWish
from heliograph.domain.bounded import count_in
from heliograph.domain.channels import Channel, Fallback, RichMedia
from heliograph.domain.consent_links import optout_path
from heliograph.domain.contacts import Details, together
from heliograph.domain.directory import TemplateWish
from heliograph.domain.errors import InsufficientCredit, NotFound, TemplateNotApproved, UnknownTemplate
from heliograph.domain.ids import following
from heliograph.domain.instants import from_ms
from heliograph.domain.local_times import due_times
from heliograph.domain.messages import Message
from heliograph.domain.statuses import Status
from heliograph.numbers import Check, normalise_many, time_zone_of
from heliograph.protocols.shared.uuids import is_random_uuid, to_uuid
from heliograph.protocols.smscx.door import shapes
from heliograph.protocols.smscx.door.fields import custom_fields
from heliograph.protocols.smscx.door.placeholders import Addresses, Personalising, Recipients, tracked_in
from heliograph.protocols.smscx.door.reading import channel, country, moment
from heliograph.protocols.smscx.door.refusals import SmscxRefusal, invalid_numbers, invalid_param
from heliograph.protocols.smscx.door.resource import PROTOCOL, Places
from heliograph.protocols.smscx.door.settings import quiet_hours, settings_of
from heliograph.protocols.smscx.door.statuses import ERROR_CODES, STATUS_CODES, status_of
from heliograph.protocols.smscx.wire import sending as wire
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.services.batches import DryRun
from heliograph.services.history import Sent
from heliograph.services.services import Services
from heliograph.text import ALPHABETS, TooManyParts, measure_text, romanise, to_gsm, without_emoji

MAX_PARTS = 10
_TIMES_TO_LIVE_S = range(300, 1_209_601)
_LATE = timedelta(minutes=1)
"""How far behind a clock may be before a time counts as past."""
_NONE, _NON_GSM = "NONE", "NON_GSM"
USUAL_TTL_S = 300
"""How long a channel has to deliver, if nobody says."""


class Said(NamedTuple):
    """What is said by one channel."""

    channel: Channel
    text: str
    rich_media: RichMedia | None = None


class Content(NamedTuple):
    """What a request says, by whichever channels."""

    area: str
    """What it is called in the settings of applications, and in reports: a channel, or multichannel."""
    said: Sequence[Said]
    """One after the other."""
    plain: str | None = None
    """The text of an SMS without the transliteration that was asked for."""
    custom: Mapping[str, str] | None = None
    """Values of placeholders that are the same for everybody."""
    after_s: int = USUAL_TTL_S


class Wanted(NamedTuple):
    """A request, read."""

    draft: Draft
    plain: Draft
    """Without transliteration; the same if none was asked for."""
    asked: int
    invalid: Sequence[str]
    duplicates: int
    groups: Sequence[Audience] | None
    """None if it goes to numbers."""
    scheduled: bool


class Sending:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def send(self, account: Account, wanted: Wanted, body: wire.AnySending) -> wire.SendReply:
        """Answers when everything is stored; a repeated request with what the first one made."""
        try:
            created = await self._services.batches.create(account, wanted.draft)
        except InsufficientCredit:
            await self._refuse_fallback(account, wanted)
            raise
        sent = await self._services.history.of_batch(account, created.batch.id)
        return await self._reply(account, wanted, body, sent)

    async def estimate(self, account: Account, wanted: Wanted, body: wire.AnySending) -> wire.SendReply:
        """What sending would come to; refuses what sending would refuse."""
        run = await self._services.batches.dry_run(account, wanted.draft, list_first=wire.MAX_RECIPIENTS)
        balance = await self._services.money.balance(account)
        if balance is not None and run.price > balance:
            await self._refuse_fallback(account, wanted)
            raise InsufficientCredit()
        sent = await aside(run.recipients > MANY_NUMBERS, _as_if_sent, run)
        return await self._reply(account, wanted, body, sent)

    async def _refuse_fallback(self, account: Account, wanted: Wanted) -> None:
        """1130 if the balance would do for the first channel alone."""
        options = wanted.draft.options
        if not options.fallbacks:
            return
        first = _anew(wanted.draft)
        first.options = msgspec.structs.replace(options, fallbacks=())
        run = await self._services.batches.dry_run(account, first)
        balance = await self._services.money.balance(account)
        if balance is not None and run.price <= balance:
            raise SmscxRefusal(
                400,
                "insufficient_credit",
                Code.BALANCE_TOO_LOW_FOR_FALLBACK,
                "The balance does not cover the fallback.",
            )

    async def sms(self, caller: Principal, body: wire.SmsRequest | wire.CampaignRequest) -> Content:
        """Raises 1107, 1110."""
        if not body.text:
            raise invalid_param(Code.TEXT_MISSING, "`text` is empty.")
        own = await settings_of(self._services, caller, Channel.SMS)
        written = _transliterated(body, own.get("transliteration"))
        plain = None if written == body.text else body.text
        return Content(Channel.SMS, [Said(Channel.SMS, written)], plain)

    async def template(
        self,
        caller: Principal,
        body: wire.TemplateRequest | wire.TemplateCampaignRequest,
        channel: Channel,
    ) -> Content:
        """Raises 1126 to 1128, 1132 and 1608."""
        said = await self._template(caller.account, body.template_id, channel, Code.CHANNEL_NOT_ACTIVE)
        return Content(channel, [said], custom=custom_fields(body.custom_fields))

    async def strategy(
        self, caller: Principal, body: wire.MultichannelRequest | wire.MultichannelCampaignRequest
    ) -> Content:
        """Raises 1107, 1120 to 1129, 1131, 1132 and 1134."""
        steps = body.strategy
        if len(steps) < 2:
            raise invalid_param(Code.STRATEGY_TOO_SHORT, "A strategy has at least two channels.")
        channels = [channel(step.channel, Code.STRATEGY_CHANNEL_UNKNOWN) for step in steps]
        if len(set(channels)) < len(channels):
            raise invalid_param(Code.STRATEGY_CHANNEL_REPEATED, "A channel can be tried once.")
        if channels[-1] is not Channel.SMS:
            raise invalid_param(Code.STRATEGY_WITHOUT_SMS, "The last channel of a strategy is sms.")
        said = []
        for step, by in zip(steps[:-1], channels[:-1], strict=True):
            template_id = step.template_id if isinstance(step.template_id, int | str) else ""
            said.append(await self._template(caller.account, template_id, by, Code.STRATEGY_CHANNEL_NOT_ACTIVE))
        if not isinstance(steps[-1].text, str) or not steps[-1].text:
            raise invalid_param(Code.TEXT_MISSING, "The SMS of a strategy has a `text`.")
        said.append(Said(Channel.SMS, steps[-1].text))
        own = await settings_of(self._services, caller, shapes.MULTICHANNEL)
        return Content(shapes.MULTICHANNEL, said, custom={}, after_s=_time_to_live(body.ttl, own.get("ttl")))

    async def _template(self, account: Account, template_id: int | str, channel: Channel, inactive: Code) -> Said:
        if template_id == "":
            raise invalid_param(Code.TEMPLATE_ID_MISSING, "`templateId` is missing.")
        number = count_in(str(template_id))
        if number is None:
            raise invalid_param(Code.TEMPLATE_ID_INVALID, "`templateId` is not a number.")
        if channel not in self._services.channels:
            raise SmscxRefusal(403, "access_denied", inactive, f"The channel {channel} is not active.")
        try:
            found = await self._services.templates.to_send(account, TemplateWish(number, channel))
        except UnknownTemplate as error:
            raise invalid_param(Code.TEMPLATE_TO_SEND_UNKNOWN, error.message) from error
        except TemplateNotApproved as error:
            raise SmscxRefusal(
                403, "access_denied", Code.TEMPLATE_NOT_APPROVED, "This template has not been approved yet."
            ) from error
        return Said(channel, found.body, found.rich_media)

    async def to_numbers(self, caller: Principal, body: wire.ToNumbers, content: Content, places: Places) -> Wanted:
        """Raises 1103, 1104, 1119, 1207, 1210 and what `_read` raises."""
        to = [body.to] if isinstance(body.to, str) else body.to
        if not to:
            raise invalid_param(Code.TO_MISSING, "`to` is empty.")
        if len(to) > wire.MAX_RECIPIENTS:
            raise invalid_param(Code.TOO_MANY_RECIPIENTS, f"At most {wire.MAX_RECIPIENTS} recipients.")
        region = country(body.country_iso) or caller.account.default_region
        found = await aside(len(to) > MANY_NUMBERS, normalise_many, to, region=region, check=Check.POSSIBLE)
        invalid = [row.text for row in found.invalid]
        if invalid and (body.allow_invalid is not True or not found.msisdns):
            raise invalid_numbers(invalid, len(to))
        track = body.track_data if isinstance(body.track_data, str) else ""
        recipients: Recipients = [(msisdn, None) for msisdn in dict.fromkeys(found.msisdns)]
        return await self._read(
            caller,
            body,
            content,
            recipients,
            places,
            asked=len(to),
            invalid=invalid,
            duplicates=len(found.msisdns) - len(recipients),
            groups=None,
            track_data=track.lower() if is_random_uuid(track) else None,
        )

    async def to_groups(self, caller: Principal, body: wire.ToGroups, content: Content, places: Places) -> Wanted:
        """Raises 1101 to 1103, 1119, 1140 and what `_read` raises."""
        if not body.groups:
            raise invalid_param(Code.GROUPS_MISSING, "`groups` is empty.")
        try:
            groups = await self._services.contacts.groups(caller.account, list(dict.fromkeys(body.groups)))
        except NotFound as error:
            raise invalid_param(Code.GROUP_TO_SEND_TO_UNKNOWN, error.message) from error
        contacts = await self._services.contacts.within(caller.account, groups)
        said: dict[str, list[Details]] = {}
        for contact in contacts:
            said.setdefault(contact.msisdn, []).append(contact.details)
        recipients = {msisdn: together(details) for msisdn, details in said.items()}
        if not recipients:
            raise invalid_param(Code.GROUPS_EMPTY, "There are no contacts in these groups.")
        if len(recipients) > wire.MAX_RECIPIENTS:
            raise invalid_param(Code.TOO_MANY_RECIPIENTS, f"At most {wire.MAX_RECIPIENTS} recipients.")
        return await self._read(
            caller,
            body,
            content,
            list(recipients.items()),
            places,
            asked=len(contacts),
            invalid=[],
            duplicates=len(contacts) - len(recipients),
            groups=[
                Audience(group.number, shapes.group_name(group.name, group.number), group.size) for group in groups
            ],
            track_data=None,
        )

    async def _read(
        self,
        caller: Principal,
        body: wire.AnySending,
        content: Content,
        recipients: Recipients,
        places: Places,
        *,
        asked: int,
        invalid: Sequence[str],
        duplicates: int,
        groups: Sequence[Audience] | None,
        track_data: str | None,
    ) -> Wanted:
        account = caller.account
        own = await settings_of(self._services, caller, content.area)
        originator = await self._originator(account, own.get("enforceOriginator") or body.from_)
        now = datetime.now(UTC)
        send_at, local_time = _schedule(body, now)
        callback_url = body.dlr_callback_url or own.get("dlrCallback") or None
        if body.idempotency_id and not is_random_uuid(body.idempotency_id):
            raise invalid_param(Code.IDEMPOTENCY_ID_INVALID, "`idempotencyId` is not a UUID.")
        if not any(
            self._services.money.covers(msisdn, said.channel) for said in content.said for msisdn, _ in recipients
        ):
            raise SmscxRefusal(403, "no_coverage", Code.NO_COVERAGE, "Nothing is sent to these destinations.")
        await self.check_links(account, [said.text for said in content.said])
        addresses = Addresses(lambda msisdn: places.base_url + optout_path(account, msisdn), places.short_url)

        def draft(texts: Sequence[str]) -> Draft:
            personal = Personalising(recipients, addresses, custom=content.custom)
            first, *others = [
                Fallback(channel=said.channel, body=personal.body(text), rich_media=said.rich_media)
                for said, text in zip(content.said, texts, strict=True)
            ]
            if not personal.parameters and first.channel is Channel.SMS:
                _check_length(first.body)
            return Draft(
                protocol=PROTOCOL,
                to=[f"+{msisdn}" for msisdn, _ in recipients],
                originator=originator,
                text=first.body,
                parameters=personal.parameters or None,
                links=personal.tracked,
                send_at=send_at,
                callback_url=callback_url,
                report=ReportWish.NONE if callback_url is None else ReportWish.PER_RECIPIENT,
                client_reference=track_data,
                idempotency_key=body.idempotency_id or None,
                request=msgspec.json.encode(body),
                max_parts=MAX_PARTS,
                options=Options(
                    local_time=local_time,
                    quiet=quiet_hours(own.get("quietHours")),
                    audience=tuple(groups or ()),
                    channel=first.channel,
                    rich_media=first.rich_media,
                    fallbacks=tuple(others),
                    fall_back_after_s=content.after_s,
                    as_given=bool(personal.parameters),
                ),
            )

        many = len(recipients) > MANY_NUMBERS
        plain = None if content.plain is None else await aside(many, draft, [content.plain])
        written = await aside(many, draft, [said.text for said in content.said])
        return Wanted(
            written,
            plain or written,
            asked,
            invalid,
            duplicates,
            groups,
            send_at is not None,
        )

    async def check_links(self, account: Account, texts: Sequence[str]) -> None:
        """Raises 1112 for a link in one of the texts that the account does not have."""
        for kind, link_id in {link for text in texts for link in tracked_in(text)}:
            try:
                await self._services.links.get(account, kind, link_id)
            except NotFound as error:
                raise invalid_param(Code.LINK_IN_TEXT_UNKNOWN, error.message) from error

    async def _settings(self, caller: Principal, area: str) -> Mapping[str, Any]:
        return await settings_of(self._services, caller, area)

    async def _originator(self, account: Account, asked: str) -> str:
        value = asked.strip()
        if not 3 <= len(value) <= 15 or (len(value) > 11 and not value.lstrip("+").isdecimal()):
            raise invalid_param(Code.FROM_INVALID, "`from` has 3 to 11 characters, or 3 to 15 digits.")
        if await self._services.originators.is_waiting(account, value):
            return account.default_originator or shapes.DEFAULT_SENDER
        return value

    async def _reply(
        self, account: Account, wanted: Wanted, body: wire.AnySending, sent: Sequence[Sent]
    ) -> wire.SendReply:
        shown = partial(send_row, scheduled=wanted.scheduled, show_timezone=body.show_timezone is True)
        rows = await aside(len(sent) > MANY_NUMBERS, list, map(shown, sent))
        batch = sent[0].batch
        info = wire.SendInfo(
            campaign_id=to_uuid(batch.id),
            total_phone_numbers=wanted.asked,
            total_valid=len(rows),
            total_invalid=len(wanted.invalid),
            total_cost=shapes.money(sum(each.message.price for each in sent)),
            total_parts=sum(row.parts for row in rows if row.status in {"ACCEPTED", "SCHEDULED"}),
            dlr_callback_url=batch.callback_url,
            scheduled=wanted.scheduled,
            total_in_quiet_hours=sum(row.in_quiet_hours for row in rows),
            invalid=wanted.invalid,
            phone_numbers_by_country=shapes.by_country([each.message.country for each in sent]),
        )
        if wanted.groups is not None:
            info.groups = shapes.groups(batch)
            info.duplicates_removed = wanted.duplicates
        if wanted.plain is not wanted.draft:
            info.transliteration_analysis = await self._analysis(account, wanted, sent)
        return wire.SendReply(info=info, data=[] if body.short_response is True else rows)

    async def _analysis(self, account: Account, wanted: Wanted, sent: Sequence[Sent]) -> wire.TransliterationAnalysis:
        before = await self._services.batches.dry_run(account, _anew(wanted.plain))
        after_price = sum(each.message.price for each in sent)
        after_parts = sum(each.rendered.parts for each in sent if each.message.status is not Status.REJECTED)
        original, replaced = wanted.plain.text or "", wanted.draft.text or ""
        return wire.TransliterationAnalysis(
            total_original_cost=shapes.money(before.price),
            total_original_parts=before.parts,
            total_replaced_cost=shapes.money(after_price),
            total_replaced_parts=after_parts,
            total_cost_saved=int(shapes.money(before.price - after_price)),  # their client takes no fractions here
            total_parts_saved=before.parts - after_parts,
            text=wire.BothTexts(
                original=_written(original),
                replaced=msgspec.structs.replace(_written(replaced), characters=_replaced(original, replaced)),
            ),
        )


def send_row(sent: Sent, *, scheduled: bool, show_timezone: bool) -> wire.SendRow:
    """As it was when it was accepted: what became of it since is for the reports."""
    message, batch, rendered = sent
    status = "SCHEDULED" if scheduled else "ACCEPTED"
    kind = shapes.channel_of(batch)
    if message.status is Status.REJECTED and message.attempts == 0:
        status = status_of(message.status, message.reason, scheduled=False)
    quiet = shapes.waits_for_morning(message, batch)
    return wire.SendRow(
        msg_id=to_uuid(message.id),
        status=status,
        status_code=STATUS_CODES[status],
        error_code=ERROR_CODES.get(message.reason) if status in {"REJECTED", "NO COVERAGE"} else None,
        created_at=shapes.when(message.created_at),
        in_quiet_hours=quiet,
        cost=shapes.money(message.price),
        to=f"+{message.msisdn}",
        country_iso=message.country or shapes.NO_COUNTRY,
        from_=shapes.sender(batch.originator),
        text=rendered.body,
        parts=max(rendered.parts, 1) if kind == Channel.SMS else 1,
        text_analysis=shapes.analysis(rendered) if kind == Channel.SMS else UNSET,
        channel=message.channel if batch.options.fallbacks else UNSET,
        track_data=shapes.track(batch.client_reference) or UNSET,
        scheduled_at=shapes.when(message.due_at) if scheduled or quiet else UNSET,
        timezone=time_zone_of(message.msisdn) if show_timezone else UNSET,
    )


def _time_to_live(asked: object, own: object) -> int:
    """Seconds that a channel has to deliver. Raises 1124, 1125 and 1134."""
    text = str(asked if isinstance(asked, int | str) else own or USUAL_TTL_S)
    seconds = count_in(text)
    if seconds is None:
        raise invalid_param(Code.STRATEGY_TTL_INVALID, "`ttl` is not a number.")
    if seconds < _TIMES_TO_LIVE_S.start:
        raise invalid_param(Code.STRATEGY_TTL_TOO_SHORT, "`ttl` is at least 300 seconds.")
    if seconds not in _TIMES_TO_LIVE_S:
        raise invalid_param(Code.STRATEGY_TTL_TOO_LONG, "`ttl` is at most 14 days.")
    return seconds


def _anew(draft: Draft) -> Draft:
    return msgspec.structs.replace(draft, send_at=None, idempotency_key=None)


def _written(text: str) -> wire.WrittenText:
    try:
        measure = measure_text(text)
    except TooManyParts:
        return wire.WrittenText(text=text, length=len(text), parts=0, encoding="UCS-2")
    encoding = "UCS-2" if measure.encoding == "ucs2" else "GSM-7"
    return wire.WrittenText(text=text, length=len(text), parts=measure.parts, encoding=encoding)


def _replaced(original: str, replaced: str) -> dict[str, int]:
    """The characters that are gone, and how often each was there."""
    return {character: count for character, count in Counter(original).items() if character not in replaced}


def _check_length(text: str) -> None:
    try:
        parts = measure_text(text).parts
    except TooManyParts:
        parts = MAX_PARTS + 1
    if parts > MAX_PARTS:
        raise invalid_param(Code.TEXT_MISSING, f"`text` needs more than {MAX_PARTS} parts.")


def _schedule(body: wire.AnySending, now: datetime) -> tuple[datetime | None, bool]:
    """When, and whether that is by the clock on each recipient's wall. Raises 1108 and 1116."""
    at = moment(body.scheduled_date)
    if at is None:
        return None, False
    local_time = body.is_utc is False and at.tzinfo is None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    # A time of day has passed everywhere when it has where clocks are the furthest behind: 12 hours after UTC.
    if at < now - _LATE - (timedelta(hours=12) if local_time else timedelta()):
        raise invalid_param(Code.SCHEDULED_DATE_PAST, "`scheduledDate` is in the past.")
    return at if local_time else max(at, now), local_time


def _transliterated(body: wire.SmsRequest | wire.CampaignRequest, own: object) -> str:
    """Raises 1110."""
    wish = body.transliteration
    if not isinstance(wish, wire.Transliteration):
        settings = own if isinstance(own, dict) else {}
        wish = wire.Transliteration(
            alphabet=str(settings.get("alphabet", _NONE)), remove_emojis=settings.get("removeEmojis") is True
        )
    text, alphabet = without_emoji(body.text) if wish.remove_emojis else body.text, wish.alphabet.upper()
    if alphabet == _NONE:
        return text or body.text
    if alphabet == _NON_GSM:
        return to_gsm(text) or body.text
    if alphabet not in ALPHABETS:
        raise invalid_param(Code.ALPHABET_UNKNOWN, f"There is no alphabet {wish.alphabet!r}.")
    return romanise(text, alphabet) or body.text


def _as_if_sent(run: DryRun) -> list[Sent]:
    """An estimate in the shape of what it is an estimate of."""
    batch = run.batch
    ids = following(batch.id, len(run.per_recipient))
    due = due_times(batch, [each.msisdn for each in run.per_recipient])
    return [
        Sent(
            Message(
                id=message_id,
                account_id=batch.account_id,
                batch_id=batch.id,
                msisdn=each.msisdn,
                originator=batch.originator,
                text=batch.body,
                status=Status.QUEUED if each.quote.refused is None else Status.REJECTED,
                reason=each.quote.refused,
                detail=None,
                provider_code=None,
                encoding=each.rendered.encoding,
                parts=each.rendered.parts,
                provider=None,
                provider_ref=None,
                attempts=0,
                created_at=batch.created_at,
                due_at=from_ms(due_at),
                expire_at=batch.expire_at,
                lease_until=None,
                sent_at=None,
                settled_at=None,
                price=each.quote.price,
                country=each.quote.country,
                channel=each.quote.channel,
                leg=each.quote.leg,
                plan=each.quote.plan,
            ),
            batch,
            each.rendered,
        )
        for message_id, each, due_at in zip(ids, run.per_recipient, due, strict=True)
    ]
