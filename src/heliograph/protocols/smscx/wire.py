"""The bodies of SMS.CX (reference: smscx.md and its models), for the server and for our client.

Fields have the names of the wire in snake case. A field that may be left out is UNSET, one that may be null is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

MAX_RECIPIENTS = 25_000
MAX_CONTACTS = 40_000
MAX_PAGE = 500


class Wire(msgspec.Struct, rename="camel"):
    """Everything on the wire is in camel case."""


# What is asked


class Transliteration(Wire):
    alphabet: str
    remove_emojis: bool = False


class Sending(Wire):
    """What a send to numbers and a campaign have in common."""

    from_: str = msgspec.field(name="from")
    text: str
    scheduled_date: str | UnsetType | None = UNSET
    is_utc: bool | UnsetType = UNSET
    dlr_callback_url: str | UnsetType | None = UNSET
    short_response: bool | UnsetType = UNSET
    no_text_details: bool | UnsetType = UNSET
    show_timezone: bool | UnsetType = UNSET
    idempotency_id: str | UnsetType | None = UNSET
    transliteration: Transliteration | UnsetType | None = UNSET


class SmsRequest(Sending, kw_only=True):
    to: list[str] | str
    country_iso: str | UnsetType | None = UNSET
    allow_invalid: bool | UnsetType = UNSET
    track_data: str | UnsetType | None = UNSET


class CampaignRequest(Sending, kw_only=True):
    groups: list[int]


class NewGroup(Wire):
    name: str


class GroupContact(Wire):
    phone_number: str
    first_name: str | UnsetType | None = UNSET
    last_name: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    field1: str | UnsetType | None = UNSET
    field2: str | UnsetType | None = UNSET
    field3: str | UnsetType | None = UNSET
    field4: str | UnsetType | None = UNSET
    field5: str | UnsetType | None = UNSET
    country_iso: str | UnsetType | None = UNSET
    custom_fields: dict[str, Any] | list[Any] | UnsetType | None = UNSET


class AddContacts(Wire):
    phone_numbers: list[str | GroupContact]
    country_iso: str | UnsetType | None = UNSET
    allow_invalid: bool | UnsetType = UNSET


class UpdateContact(Wire):
    phone_number: str | UnsetType = UNSET
    first_name: str | UnsetType | None = UNSET
    last_name: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    field1: str | UnsetType | None = UNSET
    field2: str | UnsetType | None = UNSET
    field3: str | UnsetType | None = UNSET
    field4: str | UnsetType | None = UNSET
    field5: str | UnsetType | None = UNSET
    custom_fields: dict[str, Any] | list[Any] | UnsetType | None = UNSET


class NewOriginator(Wire):
    originator: str


class RichMedia(Wire):
    image_url: str | None = None
    button_caption: str | None = None
    target_url: str | None = None


class NewTemplate(Wire):
    text: str
    channel: str
    name: str | UnsetType | None = UNSET
    rich_media: RichMedia | UnsetType | None = UNSET


class UpdateTemplate(Wire):
    name: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    channel: str | UnsetType = UNSET
    rich_media: RichMedia | UnsetType = UNSET


class TokenRequest(Wire, rename=None):
    grant_type: str = ""
    scope: str = ""


# What is asked in the query. Booleans come as text (True, true, 1), so all of it is text.


class PageQuery(Wire, rename=None):
    limit: str = ""
    next: str = ""
    previous: str = ""
    short_response: str = ""


class ReportQuery(PageQuery, rename=None):
    period: str = ""
    start_date: str = ""
    end_date: str = ""
    channel: str = ""
    source: str = ""
    delivery_report: str = ""
    country_iso: str = ""


class CampaignsQuery(PageQuery, rename=None):
    delivery_reports: str = ""
    source: str = ""


# What is answered


class ErrorDetail(Wire):
    type: str
    code: int
    message: str = ""
    uri: str = ""
    invalid: Sequence[str] | UnsetType = UNSET


class ErrorReply(Wire):
    error: ErrorDetail
    invalid: Sequence[str] | UnsetType = UNSET


class Paging(Wire):
    next: str | None
    previous: str | None
    size: int | UnsetType = UNSET


class TokenReply(Wire, rename=None):
    access_token: str
    expires_in: int
    token_type: str
    scope: str


class Balance(Wire):
    balance: float
    currency: str
    billing: str


class ChannelsStatus(Wire):
    sms: bool
    viber: bool
    whatsapp: bool
    multichannel: bool


class ApplicationRow(Wire):
    id: int
    application_id: str
    application_secret: str
    application_name: str
    scopes: str
    token_expiration: str
    created_at: str


class ApplicationList(Wire):
    data: Sequence[ApplicationRow]


class ApplicationSettings(Wire):
    application_id: str
    name: str
    scopes: str
    token_expiration: str
    settings: Mapping[str, Any]


class TextAnalysis(Wire):
    length: int
    unicode: bool
    parts: int


class WrittenText(Wire):
    text: str
    length: int
    parts: int
    encoding: str
    characters: Mapping[str, str] | UnsetType = UNSET


class BothTexts(Wire):
    original: WrittenText
    replaced: WrittenText


class TransliterationAnalysis(Wire):
    total_original_cost: float
    total_original_parts: int
    total_replaced_cost: float
    total_replaced_parts: int
    total_cost_saved: int
    total_parts_saved: int
    text: BothTexts


class GroupInfo(Wire):
    id: int
    name: str
    phone_numbers: int


class SendInfo(Wire):
    campaign_id: str
    total_phone_numbers: int
    total_valid: int
    total_invalid: int
    total_cost: float
    total_parts: int
    dlr_callback_url: str | None
    scheduled: bool
    duplicates_removed: int | UnsetType = UNSET
    groups: Sequence[GroupInfo] | UnsetType = UNSET
    total_in_quiet_hours: int | UnsetType = UNSET
    transliteration_analysis: TransliterationAnalysis | UnsetType = UNSET
    invalid: Sequence[str] | UnsetType = UNSET
    phone_numbers_by_country: Mapping[str, Any] | UnsetType = UNSET


class SendRow(Wire):
    msg_id: str
    status: str
    status_code: int
    error_code: int | None
    created_at: str
    in_quiet_hours: bool
    cost: float
    to: str
    country_iso: str
    from_: str = msgspec.field(name="from")
    text: str
    parts: int
    text_analysis: TextAnalysis
    track_data: str | UnsetType = UNSET
    scheduled_at: str | UnsetType = UNSET
    timezone: str | UnsetType = UNSET


class SendReply(Wire):
    info: SendInfo
    data: Sequence[SendRow]


class DeletedMessageInfo(Wire):
    msg_id: str
    parts: int
    credit_returned: float
    channel: str


class DeletedMessage(Wire):
    info: DeletedMessageInfo


class DeletedCampaignInfo(Wire):
    campaign_id: str
    total_phone_numbers: int
    total_parts: int
    phone_numbers_deleted: int
    parts_deleted: int
    credit_returned: float
    channel: str


class DeletedCampaign(Wire):
    info: DeletedCampaignInfo


class Named(Wire):
    id: int
    name: str


class NamedReply(Wire):
    info: Named


class DeletedGroupInfo(Named):
    total_phone_numbers: int


class DeletedGroup(Wire):
    info: DeletedGroupInfo


class GroupRow(Wire):
    id: int
    name: str
    total_phone_numbers: int
    total_cost: float
    total_optouts: int
    created_at: str


class GroupList(Wire):
    data: Sequence[GroupRow]


class ContactRow(Wire):
    id: str
    phone_number: str
    country_iso: str
    first_name: str | None
    last_name: str | None
    email: str | None
    field1: str | None
    field2: str | None
    field3: str | None
    field4: str | None
    field5: str | None
    group_id: int
    optout: bool
    date_added: str
    custom_fields: Mapping[str, Any] = {}


class GroupDetails(Wire):
    info: GroupRow
    data: Sequence[ContactRow]
    paging: Paging


class AddedInfo(Wire):
    total_valid: int
    total_invalid: int
    total_duplicates: int
    total_phone_numbers: int
    invalid: Sequence[str]
    total_cost: float | UnsetType = UNSET
    phone_numbers_by_country: Mapping[str, Any] | UnsetType = UNSET


class AddedReply(Wire):
    info: AddedInfo


class DeletedContactInfo(Wire):
    id: str
    phone_number: str
    country_iso: str


class DeletedContact(Wire):
    info: DeletedContactInfo


class UpdatedContactInfo(Wire):
    id: str
    group_id: str


class UpdatedContact(Wire):
    info: UpdatedContactInfo


class OptoutsInfo(Wire):
    id: str
    link: str
    total: int


class OptoutRow(Wire):
    id: int
    phone_number: str
    country_iso: str
    optout_from: str
    datetime: str
    campaign_id: str | None
    group_id: str | None
    group_name: str | None
    campaign_name: str | None


class OptoutList(Wire):
    info: OptoutsInfo
    data: Sequence[OptoutRow]
    paging: Paging


class DeletedOptoutInfo(Wire):
    id: str
    phone_number: str


class DeletedOptout(Wire):
    info: DeletedOptoutInfo


class OriginatorInfo(Wire):
    id: int
    originator: str


class OriginatorReply(Wire):
    info: OriginatorInfo


class OriginatorRow(Wire):
    id: int
    originator: str
    is_default: bool
    approved: bool
    created_at: str


class OriginatorList(Wire):
    data: Sequence[OriginatorRow]


class TemplateInfo(Wire):
    id: int
    name: str
    text: str
    channel: str
    type: str | UnsetType = UNSET
    approved: bool | UnsetType = UNSET


class NewTemplateReply(Wire):
    info: TemplateInfo


class IdInfo(Wire):
    id: int


class IdReply(Wire):
    info: IdInfo


class TemplateRow(Wire):
    id: int
    name: str
    channel: str
    text: str
    created_at: str
    approved: bool


class TemplateList(Wire):
    data: Sequence[TemplateRow]


class TemplateData(TemplateRow):
    type: str | None
    rich_media: RichMedia
    locked: bool


class TemplateReply(Wire):
    data: TemplateData


class ReportRow(Wire):
    msg_id: str
    status: str
    status_code: int
    error_code: int | None
    in_quiet_hours: bool
    created_at: str
    updated_at: str | None
    cost: float
    to: str
    country_iso: str
    from_: str = msgspec.field(name="from")
    source: str
    channel: str
    text: str
    text_analysis: TextAnalysis
    scheduled_at: str | None


class SingleReport(Wire):
    data: ReportRow


class ReportInfo(Wire):
    total_phone_numbers: int
    total_cost: float
    total_parts: int


class AdvancedReport(Wire):
    info: ReportInfo
    data: Sequence[ReportRow]
    paging: Paging


class CampaignReportInfo(ReportInfo):
    campaign_id: str
    campaign_name: str
    channel: str


class CampaignReport(Wire):
    info: CampaignReportInfo
    data: Sequence[ReportRow]
    paging: Paging


class CampaignStatus(Wire):
    accepted: int
    delivered: int
    failed: int
    scheduled: int
    no_coverage: int


class CampaignRow(Wire):
    id: str
    name: str
    from_: str = msgspec.field(name="from")
    groups: Sequence[GroupInfo]
    total_phone_numers: int
    parts: int
    cost: float
    text: str
    source: str
    channel: str
    datetime_added: str
    datetime_scheduled: str | None
    status: CampaignStatus | UnsetType = UNSET


class CampaignsInfo(Wire):
    total_campaigns: int


class CampaignList(Wire):
    info: CampaignsInfo
    data: Sequence[CampaignRow]
    paging: Paging


class Summary(Wire):
    phone_numbers: int = 0
    parts: int = 0
    cost_parts: float = 0.0


class PartsAndCost(Wire):
    parts: int = 0
    cost_parts: float = 0.0


class DeliverySummary(Wire):
    accepted: PartsAndCost
    delivered: PartsAndCost
    failed: PartsAndCost
    scheduled: PartsAndCost
    no_coverage: PartsAndCost


class SummaryReply(Wire):
    data: Mapping[str, Summary | DeliverySummary]


# What is called back


class DlrItem(Wire):
    campaign_id: str
    msg_id: str
    status_code: int
    status: str
    error_code: int | None
    datetime: str
    track_data: str | UnsetType | None = UNSET


class InboundItem(Wire):
    msg_id: str
    from_: str = msgspec.field(name="from")
    country_iso: str
    to: str
    text: str
    cost: float
    received_at: str


class Callback(Wire):
    event: str
    data: Sequence[DlrItem | InboundItem] | list[Any]
