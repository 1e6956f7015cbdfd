"""What the XMS client takes and gives: batches, groups, reports and inbound messages as typed values.

Names are those of the API's published Python client, so that code moves over as it stands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Generic, TypeVar

import msgspec

from heliograph.protocols.xms.wire import ReportType

T = TypeVar("T")


class Reset(Enum):
    """In an update, RESET goes back to the default, where None leaves a value as it is."""

    RESET = "reset"


RESET = Reset.RESET

Parameters = Mapping[str, Mapping[str, str]]
"""name -> {msisdn or "default" -> value}; names of 1 to 16 characters, values of up to 160."""


class _NewBatch(msgspec.Struct, kw_only=True):
    recipients: Collection[str]
    """1 to 1,000 MSISDNs or identifiers of groups."""
    sender: str | None = None
    """The originator; None means the service plan's default."""
    delivery_report: ReportType | None = None
    send_at: datetime | None = None
    """When it is sent, aware; None means now."""
    expire_at: datetime | None = None
    callback_url: str | None = None
    tags: Collection[str] = ()
    client_reference: str | None = None
    """The customer's name for the batch. The oldest servers know neither this field nor those below."""
    campaign_id: str | None = None
    feedback_enabled: bool | None = None
    flash_message: bool | None = None
    max_number_of_message_parts: int | None = None
    truncate_concat: bool | None = None
    from_ton: int | None = None
    from_npi: int | None = None


class TextBatch(_NewBatch, kw_only=True):
    """A text to be sent."""

    body: str
    """The text, which may name parameters as `${name}`."""
    parameters: Parameters | None = None


class BinaryBatch(_NewBatch, kw_only=True):
    """Octets to be sent: body and header have at most 140 together."""

    body: bytes
    udh: bytes


class _BatchUpdate(msgspec.Struct, kw_only=True):
    recipient_insertions: Collection[str] = ()
    recipient_removals: Collection[str] = ()
    sender: str | None = None
    delivery_report: ReportType | Reset | None = None
    send_at: datetime | Reset | None = None
    expire_at: datetime | Reset | None = None
    callback_url: str | Reset | None = None


class TextBatchUpdate(_BatchUpdate, kw_only=True):
    """What is to change in a text batch; None leaves as it is, RESET goes back to the default."""

    body: str | None = None
    parameters: Parameters | Reset | None = None


class BinaryBatchUpdate(_BatchUpdate, kw_only=True):
    """What is to change in a binary batch; None leaves as it is, RESET goes back to the default."""

    body: bytes | None = None
    udh: bytes | None = None


class _BatchResult(msgspec.Struct, kw_only=True):
    batch_id: str
    sender: str | None
    recipients: frozenset[str]
    delivery_report: ReportType
    send_at: datetime | None
    expire_at: datetime | None
    callback_url: str | None
    tags: frozenset[str]
    client_reference: str | None
    flash_message: bool
    created_at: datetime | None
    modified_at: datetime | None
    canceled: bool


class TextBatchResult(_BatchResult, kw_only=True):
    body: str
    parameters: Parameters


class BinaryBatchResult(_BatchResult, kw_only=True):
    body: bytes
    udh: bytes


BatchResult = TextBatchResult | BinaryBatchResult


class DryRunRecipient(msgspec.Struct, kw_only=True):
    recipient: str
    number_of_parts: int
    body: str
    encoding: str


class DryRunResult(msgspec.Struct, kw_only=True):
    number_of_recipients: int
    number_of_messages: int
    """The number of parts, over all recipients."""
    per_recipient: Sequence[DryRunRecipient]
    """The first recipients, as many as were asked for."""


class DeliveryReportStatus(msgspec.Struct, kw_only=True):
    code: int
    status: str
    count: int
    recipients: frozenset[str]
    """The recipients of messages with this status; empty in a summary."""


class DeliveryReport(msgspec.Struct, kw_only=True):
    batch_id: str
    total_message_count: int
    statuses: Sequence[DeliveryReportStatus]


class RecipientDeliveryReport(msgspec.Struct, kw_only=True):
    batch_id: str
    recipient: str
    code: int
    status: str
    status_at: datetime
    status_message: str | None
    operator: str | None
    operator_status_at: datetime | None


class GroupAutoUpdate(msgspec.Struct, kw_only=True):
    """Which inbound texts to `recipient` add their sender to the group, and which remove it."""

    recipient: str
    add_word_pair: tuple[str | None, str | None] = (None, None)
    remove_word_pair: tuple[str | None, str | None] = (None, None)


class GroupCreate(msgspec.Struct, kw_only=True):
    name: str | None = None
    """At most 20 characters."""
    members: Collection[str] = ()
    """At most 10,000 MSISDNs."""
    child_groups: Collection[str] = ()
    """At most 10 identifiers."""
    auto_update: GroupAutoUpdate | None = None
    tags: Collection[str] = ()


class GroupUpdate(msgspec.Struct, kw_only=True):
    """What is to change in a group: insertions first, then removals."""

    name: str | Reset | None = None
    member_insertions: Collection[str] = ()
    member_removals: Collection[str] = ()
    child_group_insertions: Collection[str] = ()
    child_group_removals: Collection[str] = ()
    add_from_group: str | None = None
    """A group whose members are copied into this one, once."""
    remove_from_group: str | None = None
    auto_update: GroupAutoUpdate | Reset | None = None


class GroupResult(msgspec.Struct, kw_only=True):
    group_id: str
    name: str | None
    size: int
    child_groups: frozenset[str]
    auto_update: GroupAutoUpdate | None
    created_at: datetime
    modified_at: datetime


class _Inbound(msgspec.Struct, kw_only=True):
    message_id: str
    sender: str
    """The MSISDN that wrote it."""
    recipient: str
    operator: str | None
    sent_at: datetime | None
    received_at: datetime | None


class TextInbound(_Inbound, kw_only=True):
    body: str
    keyword: str | None


class BinaryInbound(_Inbound, kw_only=True):
    body: bytes
    udh: bytes


InboundResult = TextInbound | BinaryInbound


class Page(msgspec.Struct, Generic[T], kw_only=True):
    """One page of a listing, newest first."""

    page: int
    """The number of the page, counted from 0."""
    size: int
    """How many items are on this page; 0 beyond the last."""
    total_size: int
    """How many items match, on all pages."""
    content: Sequence[T]

    def __iter__(self) -> Iterator[T]:
        return iter(self.content)
