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

from heliograph.domain.batches import MAX_PARAMETERS, MAX_TAGS
from heliograph.domain.batches import MAX_RECIPIENTS as MAX_VALUES
from heliograph.domain.bounded import instant_in, whole_number

MAX_RECIPIENTS = 1_000
MAX_CHANGED_RECIPIENTS = 100
MAX_MEMBERS = 10_000
MAX_CHILDREN = 10
MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 30
MAX_DRY_RUN_RECIPIENTS = 1_000
MAX_PARTS_ASKED_FOR = 2**31 - 1
"""The most parts that a request may allow: XMS names no limit; this is what its published clients can say."""
DEFAULT_DRY_RUN_RECIPIENTS = 100
_CODES = range(10**9)

BatchType = Literal["mt_text", "mt_binary"]
ReportType = Literal["none", "summary", "full", "per_recipient", "per_recipient_final"]
MAX_PARAMETER_KEY = 16
MAX_PARAMETER_VALUE = 160
ParameterKey = Annotated[str, Meta(min_length=1, max_length=MAX_PARAMETER_KEY)]
ParameterValue = Annotated[str, Meta(max_length=MAX_PARAMETER_VALUE)]
_Column = Annotated[dict[str, ParameterValue], Meta(max_length=MAX_VALUES + 1)]
"""One parameter's values by MSISDN, of members of groups too, and the default."""
ParameterValues = Annotated[dict[ParameterKey, _Column], Meta(max_length=MAX_PARAMETERS)]
TagList = Annotated[list[str], Meta(max_length=MAX_TAGS)]
"""Tags of a batch or a group; their number is limited by us, since XMS names no limit."""

Recipients = Annotated[list[str], Meta(max_length=MAX_RECIPIENTS)]
ChangedRecipients = Annotated[list[str], Meta(max_length=MAX_CHANGED_RECIPIENTS)]
CallbackUrl = Annotated[str, Meta(max_length=2048)]
ClientReference = Annotated[str, Meta(max_length=128)]
PartCount = Annotated[int, Meta(ge=1, le=MAX_PARTS_ASKED_FOR)]
TypeOfNumber = Annotated[int, Meta(ge=0, le=6)]
"""A type of number, as in SMPP 3.4 section 5.2.5."""
NumberingPlan = Annotated[int, Meta(ge=0, le=18)]
"""A numbering plan, as in SMPP 3.4 section 5.2.6."""
GroupName = Annotated[str, Meta(min_length=1, max_length=20)]
Members = Annotated[list[str], Meta(max_length=MAX_MEMBERS)]
Children = Annotated[list[str], Meta(max_length=MAX_CHILDREN)]
Page = Annotated[int, Meta(ge=0, le=1_000_000)]
PageSize = Annotated[int, Meta(ge=1, le=MAX_PAGE_SIZE)]
Keyword = Annotated[str, Meta(max_length=15)]


class XmsFormatError(ValueError):
    """A value has the right type, but not the form that the protocol asks for."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class BatchCreate(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body that creates or replaces a batch, or tries one without sending. Null and absent are the same."""

    to: Recipients
    originator: str | UnsetType | None = msgspec.field(name="from", default=UNSET)
    type: BatchType | UnsetType | None = UNSET
    """The kind of batch; absent or null means a text."""
    body: str
    udh: str | None = None
    parameters: ParameterValues | None = None
    delivery_report: ReportType | None = None
    send_at: str | None = None
    expire_at: str | None = None
    callback_url: CallbackUrl | None = None
    tags: TagList | None = None
    campaign_id: str | None = None
    client_reference: ClientReference | None = None
    feedback_enabled: bool | None = None
    flash_message: bool | None = None
    max_number_of_message_parts: PartCount | None = None
    truncate_concat: bool | None = None
    from_ton: TypeOfNumber | None = None
    from_npi: NumberingPlan | None = None


class BatchUpdate(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body that changes a batch: what is absent stays, what is null goes back to its default (section 5)."""

    type: BatchType | UnsetType | None = UNSET
    """The kind of batch; absent or null leaves it as it is: a body has no type to go back to."""
    originator: str | UnsetType | None = msgspec.field(name="from", default=UNSET)
    to_add: ChangedRecipients | UnsetType | None = UNSET
    to_remove: ChangedRecipients | UnsetType | None = UNSET
    body: str | UnsetType = UNSET
    udh: str | UnsetType | None = UNSET
    parameters: ParameterValues | UnsetType | None = UNSET
    delivery_report: ReportType | UnsetType | None = UNSET
    send_at: str | UnsetType | None = UNSET
    expire_at: str | UnsetType | None = UNSET
    callback_url: CallbackUrl | UnsetType | None = UNSET
    campaign_id: str | UnsetType | None = UNSET
    client_reference: ClientReference | UnsetType | None = UNSET
    feedback_enabled: bool | UnsetType | None = UNSET
    flash_message: bool | UnsetType | None = UNSET
    max_number_of_message_parts: PartCount | UnsetType | None = UNSET
    truncate_concat: bool | UnsetType | None = UNSET
    from_ton: TypeOfNumber | UnsetType | None = UNSET
    from_npi: NumberingPlan | UnsetType | None = UNSET


class Tags(msgspec.Struct, kw_only=True):
    """The tags that there are, or are to be."""

    tags: TagList


class TagsUpdate(msgspec.Struct, kw_only=True):
    """Tags to add, and then tags to remove."""

    add: TagList | None = None
    remove: TagList | None = None


class Feedback(msgspec.Struct, kw_only=True):
    """Who has said that the message arrived; without recipients, everybody has."""

    recipients: Members


class Keywords(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The one or two words that a text must begin with; without any, no text does."""

    first_word: Keyword | None = None
    second_word: Keyword | None = None


class AutoUpdate(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Which inbound texts to `to` add their sender to a group, and which remove it; an empty one switches it off.

    `add` and `remove` are left out of replies where there are no keywords: a published client can't read empty ones.
    """

    to: str | None = None
    add: Keywords | None = None
    remove: Keywords | None = None


class GroupCreate(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body that creates or replaces a group."""

    name: GroupName | None = None
    members: Members | None = None
    child_groups: Children | None = None
    auto_update: AutoUpdate | None = None
    tags: TagList | None = None


class GroupUpdate(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body that changes a group: adds first, then removes.

    Null resets the name and the keywords, and is nothing elsewhere, because a published client writes null for whatever
    it was not given (reference section 5).
    """

    name: GroupName | UnsetType | None = UNSET
    add: Members | None = None
    remove: Members | None = None
    child_groups_add: Children | None = None
    child_groups_remove: Children | None = None
    add_from_group: str | None = None
    remove_from_group: str | None = None
    auto_update: AutoUpdate | UnsetType | None = UNSET


class GroupReply(msgspec.Struct, kw_only=True):
    """A group as it is shown. It has no tags: those have operations of their own."""

    id: str
    name: str | UnsetType = UNSET
    size: int
    child_groups: Sequence[str]
    auto_update: AutoUpdate | UnsetType = UNSET
    created_at: str
    modified_at: str


class GroupPage(msgspec.Struct, kw_only=True):
    page: int
    page_size: int
    count: int
    groups: Sequence[GroupReply]


class BatchReply(msgspec.Struct, kw_only=True):
    """A batch as replies show it."""

    id: str
    type: BatchType
    to: Sequence[str]
    originator: str | None = msgspec.field(name="from")
    body: str
    udh: str | UnsetType = UNSET
    parameters: Mapping[str, Mapping[str, str]] | UnsetType = UNSET
    delivery_report: ReportType = "none"
    send_at: str | UnsetType = UNSET
    expire_at: str | UnsetType = UNSET
    callback_url: str | UnsetType = UNSET
    tags: Sequence[str] | UnsetType = UNSET
    campaign_id: str | UnsetType = UNSET
    client_reference: str | UnsetType = UNSET
    feedback_enabled: bool = False
    flash_message: bool = False
    max_number_of_message_parts: int | UnsetType = UNSET
    truncate_concat: bool = False
    from_ton: int | UnsetType = UNSET
    from_npi: int | UnsetType = UNSET
    created_at: str | UnsetType = UNSET
    modified_at: str | UnsetType = UNSET
    canceled: bool


class BatchPage(msgspec.Struct, kw_only=True):
    """A page of batches. `page_size` is how many are on it: a published client iterates until that is 0."""

    page: int
    page_size: int
    count: int
    batches: Sequence[BatchReply]


class DryRunRecipientReply(msgspec.Struct, kw_only=True):
    recipient: str
    number_of_parts: int
    body: str
    encoding: str
    """How the text is encoded; we write `text` or `unicode`."""


class DryRunReply(msgspec.Struct, kw_only=True):
    """What a batch would come to; `number_of_messages` counts parts."""

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
    operator: str | UnsetType = UNSET
    operator_status_at: str | UnsetType = UNSET
    client_reference: str | UnsetType = UNSET
    applied_originator: str | UnsetType = UNSET
    encoding: str | UnsetType = UNSET
    number_of_message_parts: int | UnsetType = UNSET


class RecipientReportPage(msgspec.Struct, kw_only=True):
    page: int
    page_size: int
    count: int
    delivery_reports: Sequence[RecipientReportReply]


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
    page: Page = 0
    page_size: PageSize = DEFAULT_PAGE_SIZE
    originators: str = msgspec.field(name="from", default="")
    to: str = ""
    """The provider's documentation has this name in one place; every client writes `from`."""
    tags: str = ""
    start_date: str | None = None
    end_date: str | None = None
    client_reference: str | None = None


class InboundListQuery(msgspec.Struct, kw_only=True):
    page: Page = 0
    page_size: PageSize = DEFAULT_PAGE_SIZE
    to: str = ""
    start_date: str | None = None
    end_date: str | None = None
    client_reference: str | None = None


class GroupListQuery(msgspec.Struct, kw_only=True):
    page: Page = 0
    page_size: PageSize = DEFAULT_PAGE_SIZE
    tags: str = ""


class RecipientReportListQuery(msgspec.Struct, kw_only=True):
    page: Page = 0
    page_size: PageSize = DEFAULT_PAGE_SIZE
    start_date: str | None = None
    end_date: str | None = None
    status: str = ""
    code: str = ""
    client_reference: str | None = None


class DryRunQuery(msgspec.Struct, kw_only=True):
    per_recipient: str = "false"
    number_of_recipients: Annotated[int, Meta(ge=0, le=MAX_DRY_RUN_RECIPIENTS)] = DEFAULT_DRY_RUN_RECIPIENTS


class ReportQuery(msgspec.Struct, kw_only=True):
    type: str = "summary"
    status: str = ""
    code: str = ""


def listed(text: str) -> list[str]:
    """Split a comma-separated filter into its values, without empty ones."""
    return [value.strip() for value in text.split(",") if value.strip()]


def decode_codes(field: str, text: str) -> list[int]:
    """Read the numbers of a comma-separated filter, of at most nine digits each. Raises XmsFormatError."""
    codes = [whole_number(value, _CODES) for value in listed(text)]
    if None in codes:
        raise XmsFormatError(field, f"`{field}` lists numbers.")
    return [code for code in codes if code is not None]


def decode_flag(field: str, text: str) -> bool:
    """Read a boolean in a query; one published client writes `True`, another `true`. Raises XmsFormatError."""
    if text.lower() not in {"true", "false"}:
        raise XmsFormatError(field, f"{text!r} is neither true nor false.")
    return text.lower() == "true"


def decode_instant(field: str, text: str) -> datetime:
    """Read an ISO 8601 instant or date; without an offset it is UTC. Raises XmsFormatError."""
    instant = instant_in(text)
    if instant is None:
        raise XmsFormatError(field, f"{text!r} is not an ISO 8601 time.")
    return instant


def encode_instant(instant: datetime) -> str:
    """Write an instant in UTC, with milliseconds and a Z."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def decode_binary(field: str, text: str) -> bytes:
    """Read base64; white space around it is allowed, because a published client appends a newline.

    Raises XmsFormatError for anything else.
    """
    try:
        return b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise XmsFormatError(field, "A binary body is written in base64.") from error


def decode_hex(field: str, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise XmsFormatError(field, "A user data header is written in hexadecimal.") from error


def encode_binary(data: bytes) -> str:
    """Write base64, with a newline behind it as the published client does."""
    return binascii.b2a_base64(data).decode()
