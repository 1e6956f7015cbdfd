"""Conversations, and answers in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.protocols.smscx.wire.common import Mapped, TextAnalysis, Wire
from heliograph.protocols.smscx.wire.sending import SendRow


class SmsReply(Wire, kw_only=True):
    text: str
    idempotency_id: str | UnsetType | None = UNSET


class RichReply(SmsReply, kw_only=True):
    rich_media: Mapped | UnsetType | None = UNSET


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
