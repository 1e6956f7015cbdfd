"""The XMS codec: requests and replies as typed values.

Decoding raises msgspec's ValidationError or DecodeError, or XmsFormatError for what a type can't say; fields that the
protocol does not know are ignored, as the newer API keeps adding some. In replies absent values are left out, except
`from`, which published clients require to be there.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

MAX_RECIPIENTS = 1_000
MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 30
MAX_DRY_RUN_RECIPIENTS = 1_000
MAX_PARTS_ASKED_FOR = 2**31 - 1
"""XMS names no limit; this is what its published clients can say."""
DEFAULT_DRY_RUN_RECIPIENTS = 100

BatchType = Literal["mt_text", "mt_binary"]
ReportType = Literal["none", "summary", "full", "per_recipient", "per_recipient_final"]
ParameterKey = Annotated[str, Meta(min_length=1, max_length=16)]
ParameterValue = Annotated[str, Meta(max_length=160)]


class XmsFormatError(ValueError):
    """A value that is of the right type, but not of the form that the protocol asks for."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class BatchCreate(msgspec.Struct, kw_only=True):
    """POST and PUT of batches, and the dry run."""

    to: Annotated[list[str], Meta(max_length=MAX_RECIPIENTS)]
    originator: str | None = msgspec.field(name="from", default=None)
    type: BatchType = "mt_text"
    body: str
    udh: str | None = None
    parameters: dict[ParameterKey, dict[str, ParameterValue]] | None = None
    delivery_report: ReportType | None = None
    send_at: str | None = None
    expire_at: str | None = None
    callback_url: Annotated[str, Meta(max_length=2048)] | None = None
    tags: list[str] | None = None
    client_reference: Annotated[str, Meta(max_length=128)] | None = None
    flash_message: bool | None = None
    max_number_of_message_parts: Annotated[int, Meta(ge=1, le=MAX_PARTS_ASKED_FOR)] | None = None


class BatchReply(msgspec.Struct, kw_only=True):
    """A batch as it is shown."""

    id: str
    type: BatchType
    to: Sequence[str]
    originator: str | None = msgspec.field(name="from")
    body: str
    udh: str | UnsetType = UNSET
    parameters: Mapping[str, Mapping[str, str]] | UnsetType = UNSET
    delivery_report: ReportType = "none"
    send_at: str
    expire_at: str
    callback_url: str | UnsetType = UNSET
    tags: Sequence[str] | UnsetType = UNSET
    client_reference: str | UnsetType = UNSET
    flash_message: bool = False
    max_number_of_message_parts: int | UnsetType = UNSET
    created_at: str
    modified_at: str
    canceled: bool


class BatchPage(msgspec.Struct, kw_only=True):
    """`page_size` is the number of batches on this page: a published client iterates until it is 0."""

    page: int
    page_size: int
    count: int
    batches: Sequence[BatchReply]


class DryRunRecipientReply(msgspec.Struct, kw_only=True):
    recipient: str
    number_of_parts: int
    body: str
    encoding: Literal["text", "unicode"]


class DryRunReply(msgspec.Struct, kw_only=True):
    """`number_of_messages` counts parts."""

    number_of_recipients: int
    number_of_messages: int
    per_recipient: Sequence[DryRunRecipientReply] | UnsetType = UNSET


class StatusBucket(msgspec.Struct, kw_only=True):
    code: int
    status: str
    count: int
    recipients: Sequence[str] | UnsetType = UNSET


class BatchReportReply(msgspec.Struct, kw_only=True):
    type: Literal["delivery_report_sms"] = "delivery_report_sms"
    batch_id: str
    total_message_count: int
    statuses: Sequence[StatusBucket]
    client_reference: str | UnsetType = UNSET


class RecipientReportReply(msgspec.Struct, kw_only=True):
    type: Literal["recipient_delivery_report_sms"] = "recipient_delivery_report_sms"
    batch_id: str
    recipient: str
    code: int
    status: str
    at: str
    status_message: str | UnsetType = UNSET
    client_reference: str | UnsetType = UNSET
    applied_originator: str | UnsetType = UNSET
    encoding: str | UnsetType = UNSET
    number_of_message_parts: int | UnsetType = UNSET


class InboundReply(msgspec.Struct, kw_only=True):
    """An inbound message. The operator stands under both names: older clients read the one, newer the other."""

    id: str
    type: Literal["mo_text", "mo_binary"]
    msisdn: str = msgspec.field(name="from")
    to: str
    body: str
    udh: str | UnsetType = UNSET
    received_at: str
    sent_at: str | UnsetType = UNSET
    operator: str | UnsetType = UNSET
    operator_id: str | UnsetType = UNSET
    keyword: str | UnsetType = UNSET


class InboundPage(msgspec.Struct, kw_only=True):
    page: int
    page_size: int
    count: int
    inbounds: Sequence[InboundReply]


class ErrorReply(msgspec.Struct, kw_only=True):
    code: str
    text: str


class BatchListQuery(msgspec.Struct, kw_only=True):
    page: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    page_size: Annotated[int, Meta(ge=1, le=MAX_PAGE_SIZE)] = DEFAULT_PAGE_SIZE
    originators: str = msgspec.field(name="from", default="")
    tags: str = ""
    start_date: str | None = None
    end_date: str | None = None
    client_reference: str | None = None


class InboundListQuery(msgspec.Struct, kw_only=True):
    page: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    page_size: Annotated[int, Meta(ge=1, le=MAX_PAGE_SIZE)] = DEFAULT_PAGE_SIZE
    to: str = ""
    start_date: str | None = None
    end_date: str | None = None


class DryRunQuery(msgspec.Struct, kw_only=True):
    per_recipient: str = "false"
    number_of_recipients: Annotated[int, Meta(ge=0, le=MAX_DRY_RUN_RECIPIENTS)] = DEFAULT_DRY_RUN_RECIPIENTS


class ReportQuery(msgspec.Struct, kw_only=True):
    type: str = "summary"
    status: str = ""
    code: str = ""


def listed(text: str) -> list[str]:
    """The values of a comma-separated filter."""
    return [value.strip() for value in text.split(",") if value.strip()]


def decode_codes(field: str, text: str) -> list[int]:
    """The numbers of a comma-separated filter, of at most nine digits each."""
    values = listed(text)
    if not all(value.isascii() and value.isdigit() and len(value) <= 9 for value in values):
        raise XmsFormatError(field, f"`{field}` lists numbers.")
    return [int(value) for value in values]


def decode_flag(field: str, text: str) -> bool:
    """A boolean in a query; one published client writes `True`, another `true`."""
    if text.lower() not in {"true", "false"}:
        raise XmsFormatError(field, f"{text!r} is neither true nor false.")
    return text.lower() == "true"


def decode_instant(field: str, text: str) -> datetime:
    """An ISO 8601 instant or date; without an offset it is UTC."""
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise XmsFormatError(field, f"{text!r} is not an ISO 8601 time.") from error


def encode_instant(instant: datetime) -> str:
    """UTC with milliseconds and a Z."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def decode_binary(field: str, text: str) -> bytes:
    """Base64; white space around it is allowed, because a published client appends a newline."""
    try:
        return b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise XmsFormatError(field, "A binary body is written in base64.") from error


def decode_hex(field: str, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise XmsFormatError(field, "A user data header is written in hexadecimal.") from error
