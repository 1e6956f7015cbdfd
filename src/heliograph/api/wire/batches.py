"""One text to many numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from heliograph.api.wire.fields import (
    ChannelName,
    Groups,
    Instant,
    Money,
    Numbers,
    PartCount,
    PriorityName,
    ReportName,
    ShortText,
    StatusName,
    Tags,
)
from heliograph.api.wire.messages import Content, Fallback, Parameters, RichMedia


class CreateBatch(Content, forbid_unknown_fields=True, kw_only=True):
    to: Numbers = []  # noqa: RUF012 - a struct has a list of its own
    groups: Groups = []  # noqa: RUF012
    """Groups whose members, and those of their children, get it too: whoever is in them when the batch is sent."""
    title: ShortText | None = None
    pause_at_failure_share: Annotated[float, Meta(ge=0, le=1)] | None = None
    """The share of settled messages that have failed above which the batch pauses by itself."""
    pause_after: Annotated[int, Meta(ge=1, le=2**31)] = 50
    """How many messages must be settled before that share counts."""


class CreateInShares(CreateBatch, forbid_unknown_fields=True, kw_only=True):
    """A campaign of which a share goes first; the rest is held, as a batch of its own."""

    share: Annotated[float, Meta(gt=0, lt=1)]
    """The share of the recipients who get it first."""
    by_itself: bool = False
    """Whether the rest goes on by itself once nearly all of the share has ended within the bounds that follow, and is
    left paused if they are broken; else it goes on when it is resumed."""
    least_delivered: Annotated[float, Meta(ge=0, le=1)] = 0.9
    """The share of those that have ended which must have been delivered."""
    most_failed: Annotated[float, Meta(ge=0, le=1)] = 0.1
    """The share that may fail."""
    most_opted_out: Annotated[float, Meta(ge=0, le=1)] = 0.01
    """The share whose recipients may opt out."""


class ChangeBatch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What is to change in a batch that has not been sent yet: what is absent stays, null goes back to the default."""

    add: Numbers = []
    remove: Numbers = []
    add_groups: Groups = []
    remove_groups: Groups = []
    text: str | UnsetType = UNSET
    data: bytes | UnsetType = UNSET
    udh: str | UnsetType = UNSET
    originator: str | UnsetType | None = msgspec.field(name="from", default=UNSET)
    parameters: Parameters | UnsetType | None = UNSET
    send_at: Instant | UnsetType | None = UNSET
    """When it is to be sent; null means now."""
    expire_at: Instant | UnsetType | None = UNSET
    callback_url: str | UnsetType | None = UNSET
    report: ReportName | UnsetType | None = UNSET
    tags: Tags | UnsetType | None = UNSET
    title: ShortText | UnsetType | None = UNSET
    client_reference: ShortText | UnsetType | None = UNSET
    flash: bool | UnsetType | None = UNSET
    max_parts: PartCount | UnsetType | None = UNSET
    truncate: bool | UnsetType | None = UNSET
    feedback: bool | UnsetType | None = UNSET


class Confirm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The recipients that have what was sent to them; none named means all of the batch."""

    numbers: Numbers = []


class Batch(msgspec.Struct, kw_only=True):
    """One request to send, as it was asked for; recipients and parameters, which may be many, are left out."""

    id: str
    originator: str | None = msgspec.field(name="from")
    text: str | None
    data: str | None
    udh: str | None
    groups: Sequence[str]
    recipient_count: int
    """How many messages it has. Members of groups count once they are looked up, when the batch is sent."""
    title: str | None
    tags: Sequence[str]
    client_reference: str | None
    report: ReportName
    callback_url: str | None
    send_at: datetime
    expire_at: datetime
    created_at: datetime
    modified_at: datetime
    canceled: bool
    paused: bool = False
    pause_reason: str | None = None
    """Who paused it: `customer`, or `failures` if too many messages had failed; or what it waits for: `release` by
    another person than who made it, `share` for what becomes of the share that went first."""
    flash: bool = False
    max_parts: int | None = None
    truncate: bool = False
    feedback: bool = False
    channel: ChannelName = "sms"
    rich_media: RichMedia | None = None
    fallbacks: Sequence[Fallback] = ()
    fall_back_after_s: int = 300
    priority: PriorityName = "normal"
    marketing: bool = False
    pause_at_failure_share: float | None = None
    pause_after: int = 50
    etag: str = ""


class InShares(msgspec.Struct, kw_only=True):
    first: Batch
    """What goes to the share, at once or when it is due."""
    rest: Batch
    """What is held."""


class BatchPage(msgspec.Struct, kw_only=True):
    items: Sequence[Batch]
    next: str | None


class BatchQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit: Annotated[int, Meta(ge=1, le=100)] = 30
    before: str | None = None
    originator: str | None = msgspec.field(name="from", default=None)
    tag: str | None = None
    since: Instant | None = None
    until: Instant | None = None


class Bucket(msgspec.Struct, kw_only=True):
    status: StatusName
    reason: str | None
    count: int


class Report(msgspec.Struct, kw_only=True):
    """How many messages of a batch have each status."""

    batch_id: str
    total: int
    settled: int
    buckets: Sequence[Bucket]


class WouldFail(msgspec.Struct, kw_only=True):
    """Messages of a batch that would fail for one reason."""

    reason: str
    """The reason that the messages would have."""
    count: int
    explanation: str
    parameters: Sequence[str] = []
    """The parameters without a value, if the reason is `missing_parameter`."""
    numbers: Sequence[str] = []
    """The first twenty recipients."""


class DryRun(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a batch would come to if it were sent now; fields about failures are left out if there would be none."""

    recipients: int
    parts: int
    """How many parts the messages would have that would be sent."""
    price: Money = msgspec.field(default_factory=lambda: "0")
    """What would be charged for sending it now."""
    failing: int = 0
    """How many of the messages would fail, or be refused at once."""
    failures: Sequence[WouldFail] = []
    """Why messages would fail, the most frequent reason first."""
