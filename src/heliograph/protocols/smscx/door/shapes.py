"""From our model to the bodies of SMS.CX, and what stands in a query to a filter of ours.

Numbers of statuses and errors are nowhere published (reference: section 7); the two tables here are our own convention.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from heliograph.domain.batches import Batch
from heliograph.domain.channels import Channel
from heliograph.domain.contacts import Contact, Details
from heliograph.domain.directory import Application, Originator, Template
from heliograph.domain.inbound import Inbound
from heliograph.domain.instants import from_ms
from heliograph.domain.messages import Message
from heliograph.domain.optouts import OptOut, OptOutSource
from heliograph.domain.prices import MICROS
from heliograph.domain.rendering import Rendered
from heliograph.domain.reports import SummaryRow, Sums
from heliograph.domain.statuses import Reason, Status
from heliograph.numbers import country_of, time_zone_of, with_plus
from heliograph.protocols.shared.uuids import FORM as UUID_FORM
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smscx import wire
from heliograph.services.contacts import Headcount
from heliograph.services.exports import Cell
from heliograph.services.history import Campaign, Sent, SentRow
from heliograph.text import Encoding

NO_COUNTRY = "ZZ"
"""CLDR's code for an unknown region: what a number of no country is said to belong to."""
USUAL_TTL_S = 300
"""How long a channel has to deliver, if nobody says."""
MULTICHANNEL = "multichannel"
DEFAULT_SENDER = "Heliograph"
"""Who a message is from that has no originator of its own."""

STATUS_CODES = {
    "ACCEPTED": 1,
    "SENT": 2,
    "DELIVERED": 3,
    "FAILED": 4,
    "SCHEDULED": 5,
    "REJECTED": 6,
    "NO COVERAGE": 7,
}
ERROR_CODES: Mapping[str | None, int] = {
    reason: code for code, reason in enumerate(Reason, 1) if reason is not Reason.CANCELED_BY_CUSTOMER
}
_STATUSES = {
    Status.SENDING: "ACCEPTED",
    Status.SENT: "SENT",
    Status.UNKNOWN: "SENT",
    Status.DELIVERED: "DELIVERED",
    Status.FAILED: "FAILED",
    Status.EXPIRED: "FAILED",
    Status.CANCELED: "REJECTED",
    Status.REJECTED: "REJECTED",
}
REPORTED = [status for status in Status if status is not Status.CANCELED]
"""What reports tell of: what was deleted before it was sent is gone."""
#: What they call the doors that are no API. Sources that we have no door for never have any messages.
_SOURCE_OF: Mapping[str, str] = {
    "smpp": "smpp",
    "console": "webapp",
    "excel": "excel",
    "plugin": "plugin",
    "alerts": "alerts",
}
_API = "api"
"""What they call every other door."""


def money(amount: int) -> float:
    return amount / MICROS


@lru_cache(maxsize=4096)
def when(at: datetime) -> str:
    """Kept for a while: all messages of a batch were made at the same moment."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def inbound_item(message: Inbound) -> wire.rents.InboundItem:
    return wire.rents.InboundItem(
        msg_id=to_uuid(message.id),
        from_=with_plus(message.msisdn),
        country_iso=country_of(message.msisdn) or NO_COUNTRY,
        to=with_plus(message.to),
        text=message.body,
        cost=money(message.price),
        received_at=when(message.received_at),
    )


def maybe_when(at: datetime | None) -> str | None:
    return None if at is None else when(at)


def source_of(protocol: str) -> str:
    return _SOURCE_OF.get(protocol, _API)


class Doors(NamedTuple):
    """Which doors a source stands for."""

    protocols: Sequence[str] = ()
    """These; none: all."""
    other_protocols: Sequence[str] = ()
    """But not these."""


#: The words of `source_of`, and what is shown with each.
SOURCES: Mapping[str, Doors] = {
    _API: Doors(other_protocols=list(_SOURCE_OF)),
    **{source: Doors(protocols=[protocol]) for protocol, source in _SOURCE_OF.items()},
}


def status_of(status: Status, reason: str | None, *, scheduled: bool) -> str:
    """`scheduled`: it is not due yet."""
    if status is Status.QUEUED:
        return "SCHEDULED" if scheduled else "ACCEPTED"
    return "NO COVERAGE" if reason == Reason.NO_COVERAGE else _STATUSES[status]


#: The statuses that are reported with each word a filter may have, if there is a price for the number's country.
DELIVERY_REPORTS: Mapping[str, Sequence[Status]] = {
    word.lower(): [
        status
        for status in REPORTED
        if word in {status_of(status, None, scheduled=scheduled) for scheduled in (False, True)}
    ]
    for word in STATUS_CODES
    if word != "NO COVERAGE"
}


def by_country(countries: Sequence[str | None]) -> dict[str, Any]:
    """How many numbers each country has, and once more as version 0.1.10 of their client wants it."""
    counted: dict[str, Any] = {}
    for country in countries:
        counted[country or NO_COUNTRY] = counted.get(country or NO_COUNTRY, 0) + 1
    return counted | {"countryCode": dict(counted)}


def unwrapped(custom: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fields by name, also as their generator sends them: under the field's own name."""
    wrapped = custom.get("customFieldName")
    return wrapped if len(custom) == 1 and isinstance(wrapped, dict) else custom


def custom_fields(asked: object) -> dict[str, str]:
    """The values that a request has for the placeholders of a template."""
    fields: dict[str, str] = {}
    for name, value in unwrapped(asked).items() if isinstance(asked, dict) else ():
        _put(fields, name, value)
    return fields


def channel_of(batch: Batch) -> str:
    """What a batch counts as: a channel, or multichannel."""
    return MULTICHANNEL if batch.options.fallbacks else batch.options.channel.value


def analysis(rendered: Rendered, channel: str = Channel.SMS) -> wire.common.TextAnalysis:
    """By other channels than SMS no text is cut into parts, or written in another alphabet for one character."""
    return wire.common.TextAnalysis(
        length=len(rendered.body),
        unicode=channel == Channel.SMS and rendered.encoding == Encoding.UCS2,
        parts=max(rendered.parts, 1),
    )


def sender(originator: str | None) -> str:
    """Their client takes 3 to 15 characters; other doors take names of one or two, which get blanks."""
    return (originator or DEFAULT_SENDER).ljust(3)


def track(reference: str | None) -> str | None:
    """What a customer calls something, if it is a UUID: their client takes no other names, which other doors do."""
    lower = "" if reference is None else reference.lower()
    return lower if UUID_FORM.fullmatch(lower) else None


def _waits_for_morning(message: Message, batch: Batch) -> bool:
    return batch.options.quiet is not None and message.due_at != batch.send_at


def send_row(sent: Sent, *, scheduled: bool, show_timezone: bool) -> wire.sending.SendRow:
    """As it was when it was accepted: what became of it since is for the reports."""
    message, batch, rendered = sent
    status = "SCHEDULED" if scheduled else "ACCEPTED"
    kind = channel_of(batch)
    if message.status is Status.REJECTED and message.attempts == 0:
        status = status_of(message.status, message.reason, scheduled=False)
    quiet = _waits_for_morning(message, batch)
    return wire.sending.SendRow(
        msg_id=to_uuid(message.id),
        status=status,
        status_code=STATUS_CODES[status],
        error_code=ERROR_CODES.get(message.reason) if status in {"REJECTED", "NO COVERAGE"} else None,
        created_at=when(message.created_at),
        in_quiet_hours=quiet,
        cost=money(message.price),
        to=f"+{message.msisdn}",
        country_iso=message.country or NO_COUNTRY,
        from_=sender(batch.originator),
        text=rendered.body,
        parts=max(rendered.parts, 1) if kind == Channel.SMS else 1,
        text_analysis=analysis(rendered) if kind == Channel.SMS else UNSET,
        channel=message.channel if batch.options.fallbacks else UNSET,
        track_data=track(batch.client_reference) or UNSET,
        scheduled_at=when(message.due_at) if scheduled or quiet else UNSET,
        timezone=time_zone_of(message.msisdn) if show_timezone else UNSET,
    )


def report_row(sent: Sent, now: datetime) -> wire.reports.ReportRow:
    message, batch, rendered = sent
    status = status_of(message.status, message.reason, scheduled=message.due_at > now)
    return wire.reports.ReportRow(
        msg_id=to_uuid(message.id),
        status=status,
        status_code=STATUS_CODES[status],
        error_code=None if status in {"DELIVERED", "ACCEPTED", "SENT"} else ERROR_CODES.get(message.reason),
        in_quiet_hours=_waits_for_morning(message, batch),
        created_at=when(message.created_at),
        updated_at=maybe_when(message.settled_at or message.sent_at),
        cost=money(message.price),
        to=f"+{message.msisdn}",
        country_iso=message.country or NO_COUNTRY,
        from_=sender(batch.originator),
        source=source_of(batch.protocol),
        channel=message.channel,
        text=rendered.body,
        text_analysis=analysis(rendered, message.channel),
        scheduled_at=when(message.due_at) if batch.send_at > batch.created_at else None,
    )


REPORT_HEADER = (
    "msgId",
    "campaignId",
    "status",
    "statusCode",
    "errorCode",
    "createdAt",
    "updatedAt",
    "scheduledAt",
    "to",
    "countryIso",
    "from",
    "channel",
    "source",
    "parts",
    "cost",
    "text",
)


def report_cells(chunk: Sequence[SentRow], now_ms: int) -> list[list[Cell]]:
    """Lines of an exported report, in the order of its header."""
    rows: list[list[Cell]] = []
    campaigns: dict[str, str] = {}
    for line, batch, rendered in chunk:
        if batch.id not in campaigns:
            campaigns[batch.id] = to_uuid(batch.id)
        status = status_of(Status(line.status), line.reason, scheduled=line.due_at > now_ms)
        updated_at = line.settled_at or line.sent_at
        rows.append(
            [
                to_uuid(line.id),
                campaigns[batch.id],
                status,
                STATUS_CODES[status],
                ERROR_CODES.get(line.reason) if status in _FAILURES else None,
                _when_ms(line.created_at),
                None if updated_at is None else _when_ms(updated_at),
                _when_ms(line.due_at) if batch.send_at > batch.created_at else None,
                f"+{line.msisdn}",
                line.country or NO_COUNTRY,
                sender(batch.originator),
                line.channel,
                source_of(batch.protocol),
                rendered.parts,
                line.price / MICROS,
                rendered.body,
            ]
        )
    return rows


_FAILURES = {"FAILED", "REJECTED", "NO COVERAGE"}


def _when_ms(at_ms: int) -> str:
    return _when_s(at_ms // 1000)


@lru_cache(maxsize=4096)
def _when_s(seconds: int) -> str:
    return when(from_ms(seconds * 1000))


def groups(batch: Batch) -> list[wire.sending.GroupInfo]:
    return [
        wire.sending.GroupInfo(id=audience.number, name=audience.name, phone_numbers=audience.size)
        for audience in batch.options.audience
    ]


def campaign_name(batch: Batch) -> str:
    return batch.title or f"Campaign {when(batch.created_at)}"


def campaign_row(campaign: Campaign, *, with_status: bool) -> wire.campaigns.CampaignRow:
    batch, sums = campaign.batch, campaign.sums_of(REPORTED)
    return wire.campaigns.CampaignRow(
        id=to_uuid(batch.id),
        name=campaign_name(batch),
        from_=sender(batch.originator),
        groups=groups(batch),
        total_phone_numers=sums.count,
        parts=sums.parts,
        cost=money(sums.price),
        text=batch.body,
        source=source_of(batch.protocol),
        channel=batch.options.channel.value,  # the first of several: their client knows no other words here
        datetime_added=when(batch.created_at),
        datetime_scheduled=when(batch.send_at) if batch.send_at > batch.created_at else None,
        status=_campaign_status(campaign) if with_status else UNSET,
    )


def _campaign_status(campaign: Campaign) -> wire.campaigns.CampaignStatus:
    counted = dict.fromkeys((field.name for field in msgspec.structs.fields(wire.campaigns.CampaignStatus)), 0)
    for status, reason, scheduled, sums in campaign.standings:
        if (bucket := _BUCKETS.get(status_of(status, reason, scheduled=scheduled))) is not None:
            counted[bucket] += sums.count
    return wire.campaigns.CampaignStatus(**counted)


#: Which of the five counters of a summary each status belongs to; what was rejected is in none.
_BUCKETS = {
    "ACCEPTED": "accepted",
    "SENT": "accepted",
    "DELIVERED": "delivered",
    "FAILED": "failed",
    "SCHEDULED": "scheduled",
    "NO COVERAGE": "no_coverage",
}


def campaign_info(campaign: Campaign) -> wire.campaigns.CampaignReportInfo:
    sums = campaign.sums_of(REPORTED)
    return wire.campaigns.CampaignReportInfo(
        campaign_id=to_uuid(campaign.batch.id),
        campaign_name=campaign_name(campaign.batch),
        channel=channel_of(campaign.batch),
        total_phone_numbers=sums.count,
        total_cost=money(sums.price),
        total_parts=sums.parts,
    )


def report_info(sums: Sums) -> wire.reports.ReportInfo:
    return wire.reports.ReportInfo(total_phone_numbers=sums.count, total_cost=money(sums.price), total_parts=sums.parts)


def summary(
    found: Sequence[SummaryRow], dimension: str, *, by_month: bool
) -> dict[str, wire.summaries.Summary | wire.summaries.DeliverySummary]:
    """By source, channel, country, or by date: months of a year, days of anything shorter."""
    if dimension == "delivery":
        return _delivery(found, by_month=by_month)
    sums: dict[str, list[Sums]] = {}
    for alike in found:
        sums.setdefault(_key(alike, dimension, by_month=by_month), []).append(alike.sums)
    return {
        key: wire.summaries.Summary(
            phone_numbers=sum(one.count for one in those),
            parts=sum(one.parts for one in those),
            cost_parts=money(sum(one.price for one in those)),
        )
        for key, those in sorted(sums.items())
    }


def _key(alike: SummaryRow, dimension: str, *, by_month: bool) -> str:
    if dimension == "source":
        return source_of(alike.protocol)
    if dimension == "channel":
        return alike.channel
    if dimension == "country":
        return alike.country or NO_COUNTRY
    return _date(alike.day, by_month=by_month)


def _date(day: int, *, by_month: bool) -> str:
    at = from_ms(day * 24 * 60 * 60 * 1000)
    return f"{at:%Y-%m}" if by_month else f"{at:%Y-%m-%d}"


def _delivery(
    found: Sequence[SummaryRow], *, by_month: bool
) -> dict[str, wire.summaries.Summary | wire.summaries.DeliverySummary]:
    dates: dict[str, dict[str, tuple[int, int]]] = {}
    for alike in found:
        counted = dates.setdefault(_date(alike.day, by_month=by_month), {})
        bucket = _BUCKETS.get(status_of(alike.status, alike.reason, scheduled=alike.scheduled))
        if bucket is not None:
            parts, price = counted.get(bucket, (0, 0))
            counted[bucket] = (parts + alike.sums.parts, price + alike.sums.price)
    return {
        date: wire.summaries.DeliverySummary(
            **{bucket: _parts_and_cost(counted.get(bucket, (0, 0))) for bucket in _COUNTERS}
        )
        for date, counted in sorted(dates.items())
    }


_COUNTERS = ("accepted", "delivered", "failed", "scheduled", "no_coverage")


def _parts_and_cost(counted: tuple[int, int]) -> wire.summaries.PartsAndCost:
    return wire.summaries.PartsAndCost(parts=counted[0], cost_parts=money(counted[1]))


def group_row(head: Headcount) -> wire.groups.GroupRow:
    return wire.groups.GroupRow(
        id=head.group.number,
        name=group_name(head.group.name, head.group.number),
        total_phone_numbers=head.census.size,
        total_cost=money(head.price),
        total_optouts=head.census.opted_out,
        created_at=when(head.group.created_at),
    )


def group_name(name: str | None, number: int) -> str:
    """Their client takes 3 to 40 characters; groups of other doors may have other names, or none."""
    return (name or f"Group {number}")[:40].ljust(3, "_")


_FIELDS = ("field1", "field2", "field3", "field4", "field5")


def contact_row(contact: Contact, group_number: int) -> wire.groups.ContactRow:
    details = contact.details
    return wire.groups.ContactRow(
        id=to_uuid(contact.id),
        phone_number=f"+{contact.msisdn}",
        country_iso=contact.country or NO_COUNTRY,
        first_name=details.first_name,
        last_name=details.last_name,
        email=details.email,
        **{name: details.fields.get(name) for name in _FIELDS},
        group_id=group_number,
        optout=contact.opted_out,
        date_added=when(contact.created_at),
        custom_fields={name: value for name, value in details.fields.items() if name not in _FIELDS},
    )


CONTACT_HEADER = (
    "id",
    "phoneNumber",
    "countryIso",
    "firstName",
    "lastName",
    "email",
    *_FIELDS,
    "customFields",
    "optout",
    "dateAdded",
)


def contact_cells(contact: Contact) -> list[Cell]:
    row = contact_row(contact, 0)
    custom = msgspec.json.encode(row.custom_fields).decode() if row.custom_fields else None
    fields = [row.field1, row.field2, row.field3, row.field4, row.field5]
    known: list[Cell] = [row.id, row.phone_number, row.country_iso, row.first_name, row.last_name, row.email]
    return [*known, *fields, custom, "yes" if row.optout else "no", row.date_added]


def details_of(asked: wire.groups.GroupContact | wire.groups.UpdateContact, before: Details) -> Details:
    """What a contact's details become: what is not asked stays."""
    fields = dict(before.fields)
    for name in _FIELDS:
        _put(fields, name, getattr(asked, name))
    if isinstance(asked.custom_fields, dict):
        for name, value in unwrapped(asked.custom_fields).items():
            _put(fields, name, value)
    return Details(
        first_name=before.first_name if asked.first_name is UNSET else asked.first_name,
        last_name=before.last_name if asked.last_name is UNSET else asked.last_name,
        email=before.email if asked.email is UNSET else asked.email,
        fields=fields,
    )


def _put(fields: dict[str, str], name: str, value: Any) -> None:
    if value is None:
        fields.pop(name, None)
    elif value is not UNSET:
        fields[name] = value if isinstance(value, str) else msgspec.json.encode(value).decode()


def optout_row(optout: OptOut, country: str | None) -> wire.optouts.OptoutRow:
    return wire.optouts.OptoutRow(
        id=optout.number,
        phone_number=with_plus(optout.msisdn),
        country_iso=country or NO_COUNTRY,
        # A STOP is the recipient's own doing, as a click on the link is.
        optout_from="admin" if optout.source is OptOutSource.API else "link",
        datetime=when(optout.created_at),
        campaign_id=None,
        group_id=None,
        group_name=None,
        campaign_name=None,
    )


OPTOUT_HEADER = ("id", "phoneNumber", "countryIso", "optoutFrom", "datetime")


def optout_cells(optout: OptOut, country: str | None) -> list[Cell]:
    row = optout_row(optout, country)
    return [row.id, row.phone_number, row.country_iso, row.optout_from, row.datetime]


def originator_row(originator: Originator, default: str | None, now: datetime) -> wire.originators.OriginatorRow:
    return wire.originators.OriginatorRow(
        id=originator.number,
        originator=originator.value,
        is_default=originator.value == default,
        approved=originator.approved(now),
        created_at=when(originator.created_at),
    )


def template_type(template: Template) -> str | None:
    """What a message by it counts as; SMS has no such types."""
    if template.channel is Channel.SMS:
        return None
    return "transactional" if template.rich_media is None else "promotional"


def template_data(template: Template, now: datetime) -> wire.templates.TemplateData:
    media = template.rich_media
    return wire.templates.TemplateData(
        id=template.number,
        name=template.name,
        channel=template.channel.value,
        text=template.body,
        created_at=when(template.created_at),
        approved=template.approved(now),
        type=template_type(template),
        rich_media=wire.templates.RichMedia()
        if media is None
        else wire.templates.RichMedia(
            image_url=media.image_url, button_caption=media.button_caption, target_url=media.target_url
        ),
        locked=template.channel is not Channel.SMS and template.approved(now),
    )


def template_row(template: Template, now: datetime) -> wire.templates.TemplateRow:
    data = template_data(template, now)
    return wire.templates.TemplateRow(
        id=data.id,
        name=data.name,
        channel=data.channel,
        text=data.text,
        created_at=data.created_at,
        approved=data.approved,
    )


_LIFETIMES = {None: "never", 86_400: "1 day", 604_800: "1 week"}


def _lifetime(seconds: int | None) -> str:
    return _LIFETIMES.get(seconds, f"{seconds} seconds")


def application_row(application: Application) -> wire.applications.ApplicationRow:
    return wire.applications.ApplicationRow(
        id=application.number,
        application_id=application.id,
        application_secret=application.secret,
        application_name=application.name,
        scopes=" ".join(sorted(application.scopes)),
        token_expiration=_lifetime(application.token_lifetime_s),
        created_at=when(application.created_at),
    )


_QUIET = {"start": "", "stop": ""}
_CHANNEL_SETTINGS: Mapping[str, Any] = {"dlrCallback": None, "receiveCallback": None, "quietHours": _QUIET}
#: What an application's settings are until somebody sets them.
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "sms": {
        "enforceOriginator": None,
        **_CHANNEL_SETTINGS,
        "transliteration": {"alphabet": "NONE", "removeEmojis": False},
    },
    "viber": _CHANNEL_SETTINGS,
    "whatsapp": _CHANNEL_SETTINGS,
    "multichannel": {**_CHANNEL_SETTINGS, "ttl": 300, "expireAfterTtl": False},
    "shortlinks": {"shortlinksCallback": None},
    "attachments": {"attachmentsCallback": None},
    "optouts": {"optoutsCallback": None},
    "lookup": {"lookupCallback": None},
    "otp": {
        "template": "Your code is {{pin}}",
        "from": DEFAULT_SENDER,
        "pinType": "numbers",
        "pinLength": 6,
        "ttl": 300,
        "maxAttempts": 3,
        "otpCallback": None,
    },
}


def application_settings(application: Application) -> wire.applications.ApplicationSettings:
    own = application.settings
    settings = {
        area: {**defaults, **(own_area if isinstance(own_area := own.get(area), dict) else {})}
        for area, defaults in SETTINGS.items()
    }
    row = application_row(application)
    return wire.applications.ApplicationSettings(
        application_id=row.application_id,
        name=row.application_name,
        scopes=row.scopes,
        token_expiration=row.token_expiration,
        settings=settings,
    )
