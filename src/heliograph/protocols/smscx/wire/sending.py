"""Messages by every channel: sent, estimated, and taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from heliograph.domain.batches import MAX_GROUPS
from heliograph.protocols.smscx.wire.common import Mapped, Storable, TextAnalysis, Wire

MAX_RECIPIENTS = 25_000
MAX_STEPS = 10
"""The most steps of a strategy; more than there are channels."""
GroupNumbers = Annotated[list[Storable], Meta(max_length=MAX_GROUPS)]


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
    """A request to send a template by Viber or WhatsApp."""

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
    """A request to send by several channels, one after the other."""

    strategy: Annotated[list[StrategyStep], Meta(max_length=MAX_STEPS)]
    ttl: int | str | UnsetType | None = UNSET


class MultichannelCampaignRequest(ToGroups, kw_only=True):
    strategy: Annotated[list[StrategyStep], Meta(max_length=MAX_STEPS)]
    ttl: int | str | UnsetType | None = UNSET


class WrittenText(Wire):
    text: str
    length: int
    parts: int
    encoding: str
    characters: Mapping[str, int] | UnsetType = UNSET
    """How often each character that is replaced was there."""


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
    """How long the text is, and how it is encoded; only for an SMS."""
    channel: str | UnsetType = UNSET
    """The channel; only for a message that may take several."""
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
