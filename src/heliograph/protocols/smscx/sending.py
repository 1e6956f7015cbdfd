"""Sends and campaigns of SMS.CX: from a request to a draft of ours, and back to their answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from heliograph.domain.accounts import Account, Principal
from heliograph.domain.batches import Audience, Draft, Options, ReportWish
from heliograph.domain.consent_links import optout_path
from heliograph.domain.contacts import Details
from heliograph.domain.errors import InsufficientCredit, NotFound
from heliograph.domain.ids import following
from heliograph.domain.instants import from_ms
from heliograph.domain.local_times import due_times
from heliograph.domain.messages import Message
from heliograph.domain.statuses import Status
from heliograph.numbers import COUNTRIES, Check, normalise_many
from heliograph.protocols.smscx import shapes, wire
from heliograph.protocols.smscx.errors import SmscxRefusal, invalid_numbers, invalid_param
from heliograph.protocols.smscx.identifiers import is_random_uuid, to_uuid
from heliograph.protocols.smscx.placeholders import Recipients, personalised
from heliograph.protocols.smscx.reading import moment
from heliograph.services.batches import DryRun
from heliograph.services.history import Sent
from heliograph.services.services import Services
from heliograph.text import ALPHABETS, TooManyParts, measure_text, romanise, to_gsm, without_emoji

PROTOCOL = "smscx"
MAX_PARTS = 10
_LATE = timedelta(minutes=1)
"""How far behind a clock may be before a time counts as past."""
_NONE, _NON_GSM = "NONE", "NON_GSM"


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

    async def send(self, account: Account, wanted: Wanted, body: wire.Sending) -> wire.SendReply:
        """Answers when everything is stored; a repeated request with what the first one made."""
        created = await self._services.batches.create(account, wanted.draft)
        sent = await self._services.history.of_batch(account, created.batch.id)
        return await self._reply(account, wanted, body, sent)

    async def estimate(self, account: Account, wanted: Wanted, body: wire.Sending) -> wire.SendReply:
        """What sending would come to; refuses what sending would refuse."""
        run = await self._services.batches.dry_run(account, wanted.draft, list_first=wire.MAX_RECIPIENTS)
        balance = await self._services.money.balance(account)
        if balance is not None and run.price > balance:
            raise InsufficientCredit()
        return await self._reply(account, wanted, body, _as_if_sent(run))

    async def to_numbers(self, caller: Principal, body: wire.SmsRequest, base_url: str) -> Wanted:
        """Raises 1103, 1104, 1119, 1207, 1210 and what `_read` raises."""
        to = [body.to] if isinstance(body.to, str) else body.to
        if not to:
            raise invalid_param(1104, "`to` is empty.")
        if len(to) > wire.MAX_RECIPIENTS:
            raise invalid_param(1103, f"At most {wire.MAX_RECIPIENTS} recipients.")
        region = country(body.country_iso) or caller.account.default_region
        found = normalise_many(to, region=region, check=Check.POSSIBLE)
        invalid = [row.text for row in found.invalid]
        if invalid and (body.allow_invalid is not True or not found.msisdns):
            raise invalid_numbers(invalid, len(to))
        track = body.track_data if isinstance(body.track_data, str) else ""
        recipients: Recipients = [(msisdn, None) for msisdn in dict.fromkeys(found.msisdns)]
        return await self._read(
            caller,
            body,
            recipients,
            base_url,
            asked=len(to),
            invalid=invalid,
            duplicates=len(found.msisdns) - len(recipients),
            groups=None,
            track_data=track.lower() if is_random_uuid(track) else None,
        )

    async def to_groups(self, caller: Principal, body: wire.CampaignRequest, base_url: str) -> Wanted:
        """Raises 1101 to 1103, 1119, 1140 and what `_read` raises."""
        if not body.groups:
            raise invalid_param(1101, "`groups` is empty.")
        try:
            groups = await self._services.contacts.groups(caller.account, list(dict.fromkeys(body.groups)))
        except NotFound as error:
            raise invalid_param(1140, error.message) from error
        contacts = await self._services.contacts.within(caller.account, groups)
        recipients: dict[str, Details] = {}
        for contact in contacts:
            recipients.setdefault(contact.msisdn, contact.details)
        if not recipients:
            raise invalid_param(1102, "There are no contacts in these groups.")
        if len(recipients) > wire.MAX_RECIPIENTS:
            raise invalid_param(1103, f"At most {wire.MAX_RECIPIENTS} recipients.")
        return await self._read(
            caller,
            body,
            list(recipients.items()),
            base_url,
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
        body: wire.Sending,
        recipients: Recipients,
        base_url: str,
        *,
        asked: int,
        invalid: Sequence[str],
        duplicates: int,
        groups: Sequence[Audience] | None,
        track_data: str | None,
    ) -> Wanted:
        account = caller.account
        own = await self._settings(caller)
        originator = await self._originator(account, own.get("enforceOriginator") or body.from_)
        if not body.text:
            raise invalid_param(1107, "`text` is empty.")
        now = datetime.now(UTC)
        send_at, local_time = _schedule(body, now)
        callback_url = body.dlr_callback_url or own.get("dlrCallback") or None
        if body.idempotency_id and not is_random_uuid(body.idempotency_id):
            raise invalid_param(1111, "`idempotencyId` is not a UUID.")
        if not any(self._services.money.covers(msisdn) for msisdn, _ in recipients):
            raise SmscxRefusal(403, "no_coverage", 1119, "Nothing is sent to these destinations.")

        def draft(text: str) -> Draft:
            said, parameters = personalised(
                text, recipients, optout_link=lambda msisdn: base_url + optout_path(account, msisdn)
            )
            if parameters is None:
                _check_length(said)
            return Draft(
                protocol=PROTOCOL,
                to=[f"+{msisdn}" for msisdn, _ in recipients],
                originator=originator,
                text=said,
                parameters=parameters,
                send_at=send_at,
                callback_url=callback_url,
                report=ReportWish.NONE if callback_url is None else ReportWish.PER_RECIPIENT,
                client_reference=track_data,
                idempotency_key=body.idempotency_id or None,
                request=msgspec.json.encode(body),
                max_parts=MAX_PARTS,
                options=Options(local_time=local_time, quiet=quiet_hours(own.get("quietHours")), audience=groups or ()),
            )

        plain = draft(body.text)
        written = _transliterated(body, own.get("transliteration"))
        return Wanted(
            plain if written == body.text else draft(written),
            plain,
            asked,
            invalid,
            duplicates,
            groups,
            send_at is not None,
        )

    async def _settings(self, caller: Principal) -> Mapping[str, Any]:
        """What the calling application has set for SMS."""
        if caller.application_id is None:
            return {}
        application = await self._services.applications.get(caller.account, caller.application_id)
        settings = application.settings.get("sms")
        return settings if isinstance(settings, dict) else {}

    async def _originator(self, account: Account, asked: str) -> str:
        value = asked.strip()
        if not 3 <= len(value) <= 15 or (len(value) > 11 and not value.lstrip("+").isdecimal()):
            raise invalid_param(1106, "`from` has 3 to 11 characters, or 3 to 15 digits.")
        if await self._services.originators.is_waiting(account, value):
            return account.default_originator or shapes.DEFAULT_SENDER
        return value

    async def _reply(
        self, account: Account, wanted: Wanted, body: wire.Sending, sent: Sequence[Sent]
    ) -> wire.SendReply:
        rows = [
            shapes.send_row(each, scheduled=wanted.scheduled, show_timezone=body.show_timezone is True) for each in sent
        ]
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
        after_parts = sum(each.rendered.parts for each in sent)
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
                replaced=msgspec.structs.replace(_written(replaced), characters=_replaced(original)),
            ),
        )


def _anew(draft: Draft) -> Draft:
    return msgspec.structs.replace(draft, send_at=None, idempotency_key=None)


def _written(text: str) -> wire.WrittenText:
    try:
        measure = measure_text(text)
    except TooManyParts:
        return wire.WrittenText(text=text, length=len(text), parts=0, encoding="UCS-2")
    encoding = "UCS-2" if measure.encoding == "ucs2" else "GSM-7"
    return wire.WrittenText(text=text, length=len(text), parts=measure.parts, encoding=encoding)


def _replaced(original: str) -> dict[str, str]:
    return {character: written for character in original if (written := to_gsm(character)) != character}


def _check_length(text: str) -> None:
    try:
        parts = measure_text(text).parts
    except TooManyParts:
        parts = MAX_PARTS + 1
    if parts > MAX_PARTS:
        raise invalid_param(1107, f"`text` needs more than {MAX_PARTS} parts.")


def _schedule(body: wire.Sending, now: datetime) -> tuple[datetime | None, bool]:
    """When, and whether that is by the clock on each recipient's wall. Raises 1108 and 1116."""
    at = moment(body.scheduled_date)
    if at is None:
        return None, False
    local_time = body.is_utc is False and at.tzinfo is None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    # A time of day has passed everywhere when it has where clocks are the furthest behind: 12 hours after UTC.
    if at < now - _LATE - (timedelta(hours=12) if local_time else timedelta()):
        raise invalid_param(1116, "`scheduledDate` is in the past.")
    return at if local_time else max(at, now), local_time


def quiet_hours(settings: object) -> tuple[int, int] | None:
    """Minutes of the day from which and until which nothing is sent; None if they are not set."""
    if not isinstance(settings, dict):
        return None
    start, stop = _minute(settings.get("start")), _minute(settings.get("stop"))
    return None if start is None or stop is None else (start, stop)


def _minute(text: object) -> int | None:
    try:
        at = datetime.strptime(str(text), "%H:%M")
    except ValueError:
        return None
    return at.hour * 60 + at.minute


def _transliterated(body: wire.Sending, own: object) -> str:
    """Raises 1110."""
    wish = body.transliteration
    if not isinstance(wish, wire.Transliteration):
        settings = own if isinstance(own, dict) else {}
        wish = wire.Transliteration(
            alphabet=str(settings.get("alphabet", _NONE)), remove_emojis=settings.get("removeEmojis") is True
        )
    text = without_emoji(body.text) if wish.remove_emojis else body.text
    if wish.alphabet == _NONE:
        return text or body.text
    if wish.alphabet == _NON_GSM:
        return to_gsm(text) or body.text
    if wish.alphabet not in ALPHABETS:
        raise invalid_param(1110, f"There is no alphabet {wish.alphabet!r}.")
    return romanise(text, wish.alphabet) or body.text


def country(text: object) -> str | None:
    """The country that a `countryIso` names; what names none leaves national numbers unread."""
    return text.upper() if isinstance(text, str) and text.upper() in COUNTRIES else None


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
            ),
            batch,
            each.rendered,
        )
        for message_id, each, due_at in zip(ids, run.per_recipient, due, strict=True)
    ]
