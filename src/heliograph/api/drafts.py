"""Turns a request to send into the draft of a batch, for single messages and batches alike."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from msgspec import UNSET

from heliograph.api import wire
from heliograph.api.resource import PROTOCOL
from heliograph.domain.batches import Draft, Options, ReportWish
from heliograph.domain.channels import Channel, Fallback, RichMedia
from heliograph.domain.directory import TemplateWish
from heliograph.domain.errors import InvalidField
from heliograph.domain.priorities import Priority
from heliograph.doors import Call
from heliograph.doors.filters import msisdn_filter
from heliograph.doors.settings import DoorSettings
from heliograph.numbers import Check
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.services.links import Links
from heliograph.services.recipients import parse_msisdns

_SAME_NAME = (
    "originator",
    "parameters",
    "send_at",
    "expire_at",
    "callback_url",
    "tags",
    "title",
    "client_reference",
    "flash",
    "max_parts",
)


_DEFAULTS = Draft(protocol=PROTOCOL)


def message_draft(wanted: wire.Content, to: list[str], title: str | None = None) -> Draft:
    return Draft(
        protocol=PROTOCOL,
        to=to,
        originator=wanted.originator,
        text=wanted.text,
        template=_template_wish(wanted.template, wanted.channel),
        data=wanted.data,
        udh=_udh(wanted.udh),
        parameters=wanted.parameters,
        send_at=wanted.send_at,
        expire_at=wanted.expire_at,
        callback_url=wanted.callback_url,
        report=ReportWish(wanted.report),
        tags=wanted.tags,
        title=title,
        client_reference=wanted.client_reference,
        idempotency_key=wanted.idempotency_key,
        flash=wanted.flash,
        max_parts=wanted.max_parts,
        options=_options(wanted),
    )


def _options(wanted: wire.Content) -> Options:
    fallbacks = (
        Fallback(
            channel=Channel(each.channel),
            body=each.text,
            rich_media=_rich_media(each.rich_media),
            template=each.template,
        )
        for each in wanted.fallbacks
    )
    return _made_options(
        wanted.truncate,
        wanted.feedback,
        wanted.channel,
        _rich_media(wanted.rich_media),
        tuple(fallbacks),
        wanted.fall_back_after_s,
        wanted.priority,
        wanted.marketing,
    )


@lru_cache(maxsize=256)
def _made_options(
    truncate: bool,
    feedback: bool,
    channel: wire.ChannelName | None,
    rich_media: RichMedia | None,
    fallbacks: tuple[Fallback, ...],
    fall_back_after_s: int,
    priority: wire.PriorityName,
    marketing: bool,
) -> Options:
    """Make options once for all the messages that have the same."""
    return Options(
        truncate=truncate,
        feedback=feedback,
        channel=Channel(channel or "sms"),
        rich_media=rich_media,
        fallbacks=fallbacks,
        fall_back_after_s=fall_back_after_s,
        priority=Priority[priority.upper()],
        marketing=marketing,
    )


def _template_wish(key: int | str | None, channel: wire.ChannelName | None) -> TemplateWish | None:
    return None if key is None else TemplateWish(key, None if channel is None else Channel(channel))


def _rich_media(wanted: wire.RichMedia | None) -> RichMedia | None:
    return None if wanted is None else RichMedia(**msgspec.structs.asdict(wanted))


def batch_draft(wanted: wire.CreateBatch) -> Draft:
    found = message_draft(wanted, wanted.to, wanted.title)
    options = msgspec.structs.replace(
        found.options, pause_share=wanted.pause_at_failure_share, pause_after=wanted.pause_after
    )
    return msgspec.structs.replace(found, groups=wanted.groups, options=options)


def changed_draft(before: Draft, change: wire.ChangeBatch, region: str | None) -> Draft:
    """Apply a change to the draft of a batch; null goes back to the default.

    `region` is the account's, for numbers in national form.
    """
    gone = {msisdn for number in change.remove for msisdn in msisdn_filter(number, region)}
    after = msgspec.structs.replace(
        before,
        to=[number for number in (*before.to, *change.add) if gone.isdisjoint(msisdn_filter(number, region))],
        groups=[group for group in (*before.groups, *change.add_groups) if group not in change.remove_groups],
    )
    for name in _SAME_NAME:
        if (value := getattr(change, name)) is not UNSET:
            setattr(after, name, getattr(_DEFAULTS, name) if value is None else value)
    if change.report is not UNSET:
        after.report = ReportWish(change.report or "none")
    if change.text is not UNSET:
        after.text, after.data, after.udh = change.text, None, b""
    if change.data is not UNSET:
        after.text, after.data = None, change.data
    if change.udh is not UNSET:
        after.udh = _udh(change.udh)
    after.options = msgspec.structs.replace(
        before.options,
        truncate=before.options.truncate if change.truncate is UNSET else bool(change.truncate),
        feedback=before.options.feedback if change.feedback is UNSET else bool(change.feedback),
    )
    return after


def _udh(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise InvalidField("A user data header is written in hexadecimal.", field="udh") from error


async def with_links(
    links: Links, settings: DoorSettings, call: Call[None, wire.SendMessage | wire.CreateBatch], draft: Draft
) -> Draft:
    """Give the draft an address of each named link for each recipient."""
    named = call.body.links
    if not named:
        return draft
    if draft.groups:
        raise InvalidField("Links are made for numbers: who is in a group is known when it is sent.", field="links")
    if taken := named.keys() & (draft.parameters or {}).keys():
        raise InvalidField(f"The parameter {min(taken)!r} has values of its own.", field="links")
    region, many = call.account.default_region, len(draft.to) > MANY_NUMBERS
    msisdns = await aside(many, parse_msisdns, draft.to, region, Check.POSSIBLE, field="to")
    parameters, tracked = await links.personal(call.account, named, msisdns, settings.short_url(call.request))
    return msgspec.structs.replace(
        draft,
        parameters={**(draft.parameters or {}), **parameters},
        links=tracked,
        request=msgspec.json.encode(call.body),
    )
