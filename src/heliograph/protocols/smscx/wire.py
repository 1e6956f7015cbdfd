"""The bodies of SMS.CX (reference: smscx.md and its models), for the server and for our client.

Fields have the names of the wire in snake case. A field that may be left out is UNSET, one that may be null is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from heliograph.domain.batches import MAX_GROUPS
from heliograph.domain.contacts import MAX_FIELDS

Storable = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""What a column of the store can hold."""

MAX_RECIPIENTS = 25_000
MAX_CONTACTS = 40_000
MAX_PAGE = 500
MAX_STEPS = 10
"""Of a strategy; more than there are channels."""
GroupNumbers = Annotated[list[Storable], Meta(max_length=MAX_GROUPS)]
ContactNumbers = Annotated[list[str], Meta(max_length=MAX_CONTACTS)]
Mapped = Annotated[dict[str, Any], Meta(max_length=MAX_FIELDS)] | Annotated[list[Any], Meta(max_length=MAX_FIELDS)]
"""By names; an empty map is a list in PHP."""


class Wire(msgspec.Struct, rename="camel"):
    """Everything on the wire is in camel case."""


# What is asked


class Transliteration(Wire):
    alphabet: str
    remove_emojis: bool = False


class AnySending(Wire):
    """What all requests to send have in common, whatever the channel."""

    from_: str = msgspec.field(name="from")
    scheduled_date: str | UnsetType | None = UNSET
    is_utc: bool | UnsetType = UNSET
    dlr_callback_url: str | UnsetType | None = UNSET
    short_response: bool | UnsetType = UNSET
    no_text_details: bool | UnsetType = UNSET
    show_timezone: bool | UnsetType = UNSET
    idempotency_id: str | UnsetType | None = UNSET


class ToNumbers(AnySending, kw_only=True):
    to: Annotated[list[str], Meta(max_length=MAX_RECIPIENTS)] | str
    country_iso: str | UnsetType | None = UNSET
    allow_invalid: bool | UnsetType = UNSET
    track_data: str | UnsetType | None = UNSET


class ToGroups(AnySending, kw_only=True):
    groups: GroupNumbers


class SmsRequest(ToNumbers, kw_only=True):
    text: str
    transliteration: Transliteration | UnsetType | None = UNSET


class CampaignRequest(ToGroups, kw_only=True):
    text: str
    transliteration: Transliteration | UnsetType | None = UNSET


class TemplateRequest(ToNumbers, kw_only=True):
    """By Viber or WhatsApp."""

    template_id: Storable | str
    custom_fields: Mapped | UnsetType | None = UNSET


class TemplateCampaignRequest(ToGroups, kw_only=True):
    template_id: Storable | str
    custom_fields: Mapped | UnsetType | None = UNSET


class StrategyStep(Wire, kw_only=True):
    channel: str
    template_id: Storable | str | UnsetType | None = UNSET
    text: str | UnsetType | None = UNSET


class MultichannelRequest(ToNumbers, kw_only=True):
    """By channels one after the other."""

    strategy: Annotated[list[StrategyStep], Meta(max_length=MAX_STEPS)]
    ttl: int | str | UnsetType | None = UNSET


class MultichannelCampaignRequest(ToGroups, kw_only=True):
    strategy: Annotated[list[StrategyStep], Meta(max_length=MAX_STEPS)]
    ttl: int | str | UnsetType | None = UNSET


class NewOtp(Wire, kw_only=True):
    """What is left out is as the calling application has it."""

    phone_number: str
    country_iso: str | UnsetType | None = UNSET
    from_: str | UnsetType | None = msgspec.field(name="from", default=UNSET)
    template: str | UnsetType | None = UNSET
    track_id: str | UnsetType | None = UNSET
    ttl: int | str | UnsetType | None = UNSET
    max_attempts: int | str | UnsetType | None = UNSET
    pin_type: str | UnsetType | None = UNSET
    pin_length: int | str | UnsetType | None = UNSET
    otp_callback_url: str | UnsetType | None = UNSET


class VerifyPin(Wire):
    pin: str | int


class ManyNumbers(Wire, kw_only=True):
    phone_numbers: ContactNumbers
    country_iso: str | UnsetType | None = UNSET


class LookupRequest(ManyNumbers, kw_only=True):
    lookup_callback_url: str | UnsetType | None = UNSET


class RentSettings(Wire, kw_only=True):
    auto_renew: bool | UnsetType = UNSET
    callback_url: str | UnsetType | None = UNSET


class RentRequest(RentSettings, kw_only=True):
    number_id: str
    rent_period: int
    registration_id: str | UnsetType | None = UNSET


class RenewRequest(RentSettings, kw_only=True):
    rent_period: int | UnsetType = UNSET


class NewShortlink(Wire):
    url: str
    name: str | UnsetType | None = UNSET


class UpdateShortlink(Wire):
    name: str | UnsetType | None = UNSET
    url: str | UnsetType | None = UNSET


class SmsReply(Wire, kw_only=True):
    text: str
    idempotency_id: str | UnsetType | None = UNSET


class RichReply(SmsReply, kw_only=True):
    rich_media: Mapped | UnsetType | None = UNSET


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
    custom_fields: Mapped | UnsetType | None = UNSET


class AddContacts(Wire):
    phone_numbers: Annotated[list[str | GroupContact], Meta(max_length=MAX_CONTACTS)]
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
    custom_fields: Mapped | UnsetType | None = UNSET


class NewOriginator(Wire):
    originator: str


class RichMedia(Wire):
    image_url: str | None = None
    button_caption: str | None = None
    target_url: str | None = None


class NewTemplate(Wire):
    text: str
    channel: str | UnsetType | None = UNSET
    """SMS, if nothing else is said."""
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


class ExportQuery(Wire, rename=None):
    bom: str = ""
    """Ours: whether CSV begins with a byte order mark, as Excel wants it."""


class ReportExportQuery(ReportQuery, rename=None):
    bom: str = ""


class AvailableQuery(Wire, rename=None):
    features: str = ""
    number_type: str = ""
    setup_time: str = ""
    registration: str = ""
    inbound_sms_sender: str = ""
    include: str = ""
    exclude: str = ""


class RentedQuery(Wire, rename=None):
    features: str = ""
    country_iso: str = ""
    number_type: str = ""
    active_rent: str = ""
    inbound_sms_sender: str = ""
    include: str = ""
    exclude: str = ""


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
    characters: Mapping[str, int] | UnsetType = UNSET
    """Of what is replaced: how often each was there."""


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
    text_analysis: TextAnalysis | UnsetType = UNSET
    """Of an SMS."""
    channel: str | UnsetType = UNSET
    """Of a message that may take several."""
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


class Otp(Wire):
    otp_id: str
    track_id: str | None
    phone_number: str
    country_iso: str
    status: str
    cost: float
    parts: int
    max_attempts: int
    attempts: int
    ttl: int
    otp_callback_url: str | None
    date_created: str
    date_expires: str


class VerifiedPin(Wire):
    status: str


class TextIdInfo(Wire):
    id: str


class TextIdReply(Wire):
    info: TextIdInfo


class Validated(Wire):
    phone_number: str
    country_iso: str
    network_operator: str
    timezone: str


class ValidatedReply(Wire):
    data: Validated


class ValidatedRow(Wire):
    phone_number: str
    invalid: bool
    country_iso: str | UnsetType = UNSET
    network_operator: str | UnsetType = UNSET
    timezone: str | UnsetType = UNSET


class ValidatedInfo(Wire):
    total_phone_numbers: int
    total_valid: int
    total_invalid: int
    phone_numbers_by_country: Mapping[str, Any] | UnsetType = UNSET


class ValidatedList(Wire):
    info: ValidatedInfo
    data: Sequence[ValidatedRow]


class Network(Wire):
    name: str | None
    mnc: str | None


class RoamingNetwork(Wire):
    country_iso: str | None
    country_name: str | None
    mcc: str | None
    mnc: str | None
    name: str | None


class Lookup(Wire):
    phone_number: str
    lookup_id: str
    cost: float
    mcc: str
    mccmnc: str
    country_iso: str
    country_name: str
    country_name_locale: str
    status: str
    status_description: str
    ported: bool
    roaming: bool
    original_network: Network
    ported_network: Network
    roaming_network: RoamingNetwork
    datetime: str


class LookupItem(Lookup, kw_only=True):
    """As it is called back."""

    lookup_bulk_id: str | None


class LookupReply(Wire):
    data: Lookup


class LookupRow(Wire):
    phone_number: str
    country_iso: str
    cost: float
    lookup_id: str
    datetime: str


class LookupsInfo(Wire):
    lookup_bulk_id: str
    total_phone_numbers: int
    total_valid: int
    total_invalid: int
    total_cost: float
    invalid: Sequence[str]
    phone_numbers_by_country: Mapping[str, Any] | UnsetType = UNSET


class LookupsReply(Wire):
    info: LookupsInfo
    data: Sequence[LookupRow]


class LookupResultInfo(Wire):
    lookup_bulk_id: str
    total_phone_numbers: int
    total_valid: int
    total_cost: float
    phone_numbers_by_country: Mapping[str, Any]


class LookupResult(Wire):
    info: LookupResultInfo
    data: Sequence[Lookup]
    paging: Paging


class LookupCampaign(Wire):
    id: str
    total_phone_numbers: int
    total_valid: int
    total_cost: float
    datetime_added: str


class LookupCampaigns(Wire):
    data: Sequence[LookupCampaign]
    paging: Paging


class PeriodCost(Wire):
    days: int
    cost: float


class AvailableNumber(Wire):
    number_id: str
    phone_number: str | None
    country_iso: str
    network_operator: str
    features: int
    number_type: str
    inbound_sms_cost: float
    outbound_sms_cost: float | None
    setup_cost: float
    rent_cost: Sequence[PeriodCost]
    min_rent: int
    setup_time: str
    registration: bool
    datetime: str
    inbound_sms_sender: bool


class AvailableNumbers(Wire):
    data: Sequence[AvailableNumber]


class SmsTotal(Wire):
    total: int
    cost: float


class RentedNumber(Wire):
    rent_id: str
    number_id: str
    phone_number: str
    country_iso: str
    network_operator: str
    features: int
    number_type: str
    rent_cost: float
    setup_cost: float
    rent_period: int
    rent_start: str
    rent_end: str
    inbound_sms_cost: float
    outbound_sms_cost: float | None
    renew_cost: Sequence[PeriodCost]
    inbound_sms: SmsTotal
    outbound_sms: SmsTotal
    min_rent: int
    callback_url: str | None
    auto_renew: bool
    active_rent: bool
    approved: bool
    datetime: str
    inbound_sms_sender: bool


class RentedNumbers(Wire):
    data: Sequence[RentedNumber]


class RentStatus(Wire):
    info: RentedNumber


class RenewedInfo(Wire, kw_only=True):
    rent_id: str
    number_id: str
    phone_number: str
    country_iso: str
    rent_start: str
    rent_end: str
    rent_cost: float
    auto_renew: bool
    callback_url: str | None
    datetime: str


class RenewedReply(Wire):
    info: RenewedInfo


class RentInfo(RenewedInfo, kw_only=True):
    setup_cost: float
    approved: bool


class RentReply(Wire):
    info: RentInfo


class EditedRentInfo(Wire):
    rent_id: str
    datetime: str


class EditedRent(Wire):
    info: EditedRentInfo


class CanceledRentInfo(Wire):
    rent_id: str
    number_id: str
    phone_number: str
    country_iso: str
    credit_returned: float


class CanceledRent(Wire):
    info: CanceledRentInfo


class RentedInboundInfo(Wire):
    rent_id: str
    phone_number: str
    country_iso: str


class InboundItem(Wire):
    msg_id: str
    from_: str = msgspec.field(name="from")
    country_iso: str
    to: str
    text: str
    cost: float
    received_at: str


class RentedInbound(Wire):
    info: RentedInboundInfo
    data: Sequence[InboundItem]
    paging: Paging


class NewShortlinkInfo(Wire):
    id: str
    name: str
    original_url: str
    short_url: str


class NewShortlinkReply(Wire):
    info: NewShortlinkInfo


class ShortlinkRow(Wire):
    id: str
    name: str
    short_url: str
    original_url: str
    hits: int
    date_created: str


class ShortlinkList(Wire):
    data: Sequence[ShortlinkRow]


class HitRow(Wire):
    hit_id: int
    device: str | None
    browser: str | None
    browser_version: str | None
    os: str | None
    os_version: str | None
    brand: str | None
    model: str | None
    screen_resolution: str | None
    accept_language: str | None
    referrer: str | None
    ip_address: str | None
    country_iso: str | None
    city: str | None
    datetime: str
    phone_number: str | UnsetType | None = UNSET
    phone_number_country_iso: str | UnsetType | None = UNSET
    campaign_id: str | UnsetType | None = UNSET
    group_id: str | UnsetType | None = UNSET


class ShortlinkHits(Wire):
    info: ShortlinkRow
    data: Sequence[HitRow]
    paging: Paging


class AttachmentRow(Wire):
    id: str
    name: str
    short_url: str
    file_url: str
    file_type: str
    hits: int
    date_created: str


class AttachmentList(Wire):
    data: Sequence[AttachmentRow]


class AttachmentHits(Wire):
    info: AttachmentRow
    data: Sequence[HitRow]
    paging: Paging


class ConversationRow(Wire):
    conversation_id: str
    phone_number: str
    country_iso: str
    first_name: str | None
    last_name: str
    unread_messages: int
    last_reply: str
    last_update: str


class ConversationList(Wire):
    data: Sequence[ConversationRow]


class ConversationInfo(Wire):
    conversation_id: str
    phone_number: str
    country_iso: str
    first_name: str
    last_name: str


class ConversationLine(Wire):
    msg_id: str
    type: str
    text: str
    rich_media: Mapping[str, Any]
    status: str
    cost: float
    channel: str
    datetime: str


class ConversationDetails(Wire):
    info: ConversationInfo
    data: Sequence[ConversationLine]


class ReplyInfo(Wire):
    campaign_id: str
    total_phone_numbers: int
    total_valid: int
    total_invalid: int
    total_cost: float
    total_parts: int
    dlr_callback_url: str | None
    scheduled: bool
    phone_numbers_by_country: Mapping[str, Any] | UnsetType = UNSET


class SentSmsReply(Wire):
    msg_id: str
    status: str
    created_at: str
    cost: float
    to: str
    country_iso: str
    from_: str = msgspec.field(name="from")
    text: str
    parts: int
    text_analysis: TextAnalysis


class SmsReplyReply(Wire):
    info: ReplyInfo
    data: SentSmsReply


class RichReplyReply(Wire):
    info: ReplyInfo
    data: SendRow


# What is called back


class DlrItem(Wire):
    campaign_id: str
    msg_id: str
    status_code: int
    status: str
    error_code: int | None
    datetime: str
    track_data: str | UnsetType | None = UNSET


class HitItem(Wire, kw_only=True):
    """What a listing has null for is empty here: their model takes no nulls."""

    hit_id: int
    shortlink_id: str
    url: str
    device: str
    browser: str
    browser_version: str
    os: str
    os_version: str
    brand: str
    model: str
    screen_resolution: str
    accept_language: str
    referrer: str | None
    ip_address: str
    country_iso: str
    city: str
    datetime: str
    phone_number: str | UnsetType = UNSET
    campaign_id: str | None
    group_id: str | None


class OptoutItem(Wire, kw_only=True):
    hit_id: int
    optout_id: str
    optout_url: str
    optout_type: str
    country_iso: str
    datetime: str
    phone_number: str | None
    campaign_id: str | None
    group_id: str | None


class Callback(Wire):
    event: str
    data: Sequence[DlrItem | InboundItem | HitItem | OptoutItem | Otp | LookupItem] | list[Any]
