"""What is answered to a send, or to its estimate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

import msgspec
from msgspec import UNSET

from heliograph.domain.accounts import Account
from heliograph.domain.batches import Draft
from heliograph.domain.channels import Channel
from heliograph.domain.ids import following
from heliograph.domain.instants import from_ms
from heliograph.domain.local_times import due_times
from heliograph.domain.messages import Message
from heliograph.domain.statuses import Status
from heliograph.numbers import time_zone_of
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smscx.door import shapes
from heliograph.protocols.smscx.door.drafts import Wanted, anew
from heliograph.protocols.smscx.door.statuses import ERROR_CODES, STATUS_CODES, status_of
from heliograph.protocols.smscx.wire import sending as wire
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.services.batches import DryRun
from heliograph.services.history import Sent
from heliograph.services.services import Services
from heliograph.text import TooManyParts, measure_text


async def send_reply(
    services: Services, account: Account, wanted: Wanted, body: wire.AnySending, sent: Sequence[Sent]
) -> wire.SendReply:
    """Describe what was sent, or would be, with a row for each message unless the request wants none."""
    scheduled, batch, to = wanted.draft.send_at is not None, sent[0].batch, wanted.to
    described = partial(send_row, scheduled=scheduled, show_timezone=body.show_timezone is True)
    rows = await aside(len(sent) > MANY_NUMBERS, list, map(described, sent))
    info = wire.SendInfo(
        campaign_id=to_uuid(batch.id),
        total_phone_numbers=to.asked,
        total_valid=len(rows),
        total_invalid=len(to.invalid),
        total_cost=shapes.money(sum(each.message.price for each in sent)),
        total_parts=sum(row.parts for row in rows if row.status in {"ACCEPTED", "SCHEDULED"}),
        dlr_callback_url=batch.callback_url,
        scheduled=scheduled,
        total_in_quiet_hours=sum(row.in_quiet_hours for row in rows),
        invalid=to.invalid,
        phone_numbers_by_country=shapes.by_country([each.message.country for each in sent]),
    )
    if to.groups is not None:
        info.groups = shapes.groups(batch)
        info.duplicates_removed = to.duplicates
    if wanted.plain is not None:
        info.transliteration_analysis = await _compared(services, account, wanted.plain, wanted.draft, sent)
    return wire.SendReply(info=info, data=[] if body.short_response is True else rows)


async def _compared(
    services: Services, account: Account, plain: Draft, draft: Draft, sent: Sequence[Sent]
) -> wire.TransliterationAnalysis:
    """Compare what was sent with the same text as it was before transliteration."""
    before = await services.batches.dry_run(account, anew(plain))
    after_price = sum(each.message.price for each in sent)
    after_parts = sum(each.rendered.parts for each in sent if each.message.status is not Status.REJECTED)
    original, replaced = plain.text or "", draft.text or ""
    return wire.TransliterationAnalysis(
        total_original_cost=shapes.money(before.price),
        total_original_parts=before.parts,
        total_replaced_cost=shapes.money(after_price),
        total_replaced_parts=after_parts,
        total_cost_saved=int(shapes.money(before.price - after_price)),  # their client takes no fractions here
        total_parts_saved=before.parts - after_parts,
        text=wire.BothTexts(
            original=_written(original),
            replaced=msgspec.structs.replace(_written(replaced), characters=_gone(original, replaced)),
        ),
    )


def send_row(sent: Sent, *, scheduled: bool, show_timezone: bool) -> wire.SendRow:
    """Describe a message as it was when it was accepted: what became of it since is for the reports."""
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


def _written(text: str) -> wire.WrittenText:
    """Measure a text; one of too many parts to be sent at all counts none."""
    try:
        measure = measure_text(text)
    except TooManyParts:
        return wire.WrittenText(text=text, length=len(text), parts=0, encoding="UCS-2")
    encoding = "UCS-2" if measure.encoding == "ucs2" else "GSM-7"
    return wire.WrittenText(text=text, length=len(text), parts=measure.parts, encoding=encoding)


def _gone(original: str, replaced: str) -> dict[str, int]:
    """Count the characters that are gone, each as often as it was there."""
    return {character: count for character, count in Counter(original).items() if character not in replaced}


def as_if_sent(run: DryRun) -> list[Sent]:
    """Write an estimate as the messages that it is an estimate of."""
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
