"""A batch: one request to send, whichever door it came by."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntFlag, StrEnum

import msgspec

from heliograph.domain.channels import Channel, Fallback, RichMedia
from heliograph.domain.directory import TemplateWish
from heliograph.domain.errors import InvalidBody
from heliograph.domain.links import Tracked
from heliograph.domain.priorities import Priority
from heliograph.domain.releases import Release

MAX_RECIPIENTS = 100_000
MAX_GROUPS = 1_000
"""The most groups that one batch goes to, or that one group is the parent of."""
MAX_PARAMETERS = 500
"""The most parameters of a batch: as many as can be named in the longest text."""
MAX_TAGS = 1_000
"""The most tags of a batch or a group."""
MAX_TEXT_LENGTH = 2_000
MAX_BINARY_OCTETS = 140
DEFAULT_VALIDITY = timedelta(days=3)

Parameters = Mapping[str, Mapping[str, str]]
"""The values of each name, by MSISDN or "default"; keys are as the customer wrote them."""


def require_length(text: str) -> None:
    """Raise InvalidBody for a text, rendered or not, that is longer than any message's."""
    if len(text) > MAX_TEXT_LENGTH:
        raise InvalidBody(f"The text has {len(text)} characters; {MAX_TEXT_LENGTH} are allowed.", field="body")


class BodyKind(StrEnum):
    TEXT = "text"
    BINARY = "binary"


class ReportWish(StrEnum):
    """The facts about a batch that are called back to the customer."""

    NONE = "none"
    SUMMARY = "summary"
    """Once, when every message is settled: how many messages have each status."""
    FULL = "full"
    """Once, when every message is settled: how many messages have each status, and their recipients."""
    PER_RECIPIENT = "per_recipient"
    """At each change of each message's status."""
    PER_RECIPIENT_FINAL = "per_recipient_final"
    """For each message, when it is settled."""
    PER_RECIPIENT_FAILED = "per_recipient_failed"
    """For each message that is settled and was not delivered."""


class Notify(IntFlag):
    """What a change of a message's status sets off. Each message carries it, so that nothing is looked up."""

    NOTHING = 0
    EVERY_CHANGE = 1
    WHEN_SETTLED = 2
    BATCH_WHEN_SETTLED = 4
    WATCHED = 8
    """The message's end is counted, since its batch pauses by itself when too many fail."""
    WHEN_NOT_DELIVERED = 16
    """Only an end that is not the best one."""


NOTIFY = {
    ReportWish.NONE: Notify.NOTHING,
    ReportWish.SUMMARY: Notify.BATCH_WHEN_SETTLED,
    ReportWish.FULL: Notify.BATCH_WHEN_SETTLED,
    ReportWish.PER_RECIPIENT: Notify.EVERY_CHANGE,
    ReportWish.PER_RECIPIENT_FINAL: Notify.WHEN_SETTLED,
    ReportWish.PER_RECIPIENT_FAILED: Notify.WHEN_NOT_DELIVERED,
}


class Pause(StrEnum):
    """How far a batch is from being paused, or from going on."""

    PAUSING = "pausing"
    """Nothing more is sent; the batch's messages are being taken out of the queue."""
    PAUSED = "paused"
    RESUMING = "resuming"
    """The batch's messages are being put back into the queue."""
    CHANGING = "changing"
    """Nothing is sent, since the batch's messages are being brought in line with new contents; a reason besides says
    that it is to be paused then."""


HOLDING = frozenset({Pause.PAUSING, Pause.PAUSED, Pause.CHANGING})


class PauseReason(StrEnum):
    CUSTOMER = "customer"
    FAILURES = "failures"
    """Too many of the batch's messages failed."""
    RELEASE = "release"
    """Somebody else than who made it has to let it go."""
    SHARE = "share"
    """A share of the campaign goes first, as a batch of its own."""


def notify_of(report: ReportWish, options: Options) -> Notify:
    """Return what each message of a batch carries as its `notify`."""
    return NOTIFY[report] if options.pause_share is None else NOTIFY[report] | Notify.WATCHED


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a batch is sent, where that is not as usual. Equal options are hashed alike, wherever they come from."""

    truncate: bool = False
    """Whether a text that needs more than one part is cut to what fits into one."""
    originator_ton: int | None = None
    """The originator's type of number (SMPP 3.4 section 5.2.5); None: by the look of it."""
    originator_npi: int | None = None
    """The originator's numbering plan (SMPP 3.4 section 5.2.6); None: by the look of it."""
    feedback: bool = False
    """Whether the customer will say who got it."""
    local_time: bool = False
    """Whether `send_at` is what a clock shows where each recipient is, instead of one moment."""
    quiet: tuple[int, int] | None = None
    """The minutes of the recipient's day from which and until which nothing is sent; what falls between them waits."""
    marketing: bool = False
    """Whether it is marketing: then it keeps the installation's quiet hours, and lets others go first."""
    priority: Priority = Priority.NORMAL
    pause_share: float | None = None
    """The share of settled messages, 0 to 1, above whose failure the batch pauses by itself; None: it does not."""
    pause_after: int = 50
    """How many messages must be settled before their share of failures counts."""
    despite_optout: bool = False
    """Whether it goes to recipients who opted out: it confirms that. No door can ask for it."""
    media: tuple[str, ...] = ()
    """Addresses of media, which are in the text, too; empty where one was deleted."""
    campaign_id: str | None = None
    """The customer's registration with the networks, for providers that ask for it."""
    ucs2: bool = False
    """Whether the text goes as UCS-2 even if GSM 03.38 has all of its characters."""
    as_given: bool = False
    """Whether its parameters are all the values that there are: no contact's field fills in a name."""
    channel: Channel = Channel.SMS
    rich_media: RichMedia | None = None
    """What is shown besides the text, on channels that can."""
    fallbacks: tuple[Fallback, ...] = ()
    """What is tried, one after the other, if `channel` does not deliver."""
    fall_back_after_s: int = 300
    """How long each channel but the last has to deliver, in seconds."""
    release: Release | None = None
    """What it is held for before it goes out; None: for nothing."""
    smpp_parameters: tuple[tuple[int, str], ...] = ()
    """Optional parameters of vendors' that came with it by SMPP, tag and value in hexadecimal, for providers that pass
    them on."""

    @property
    def channels(self) -> list[Channel]:
        """Return the channel of each leg, in the order in which they are tried."""
        return [self.channel, *(fallback.channel for fallback in self.fallbacks)]

    def __post_init__(self) -> None:
        """Turn lists into tuples, so that options can be hashed: providers group messages by them."""
        for name in self.__struct_fields__:
            if isinstance(value := getattr(self, name), list):
                msgspec.structs.force_setattr(self, name, tuple(value))


USUAL = Options()


class Draft(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a customer asks to be sent, in our words, before any rule is applied to it."""

    protocol: str
    """The door it came by; callbacks about it go out in that protocol's shape."""
    to: Sequence[str] = ()
    groups: Sequence[str] = ()
    """Groups whose members, and those of their children, get it too: whoever is in them when it is sent."""
    originator: str | None = None
    text: str | None = None
    template: TemplateWish | None = None
    """A template to send instead of a text."""
    links: Sequence[Tracked] = ()
    """Short addresses in its text that were made for one recipient each, stored with it so that hits know whose."""
    data: bytes | None = None
    udh: bytes = b""
    parameters: Parameters | None = None
    send_at: datetime | None = None
    expire_at: datetime | None = None
    callback_url: str | None = None
    sink: str | None = None
    """Where its facts go instead of a URL (`callbacks.session_sink`); set by doors whose clients stay connected."""
    report: ReportWish = ReportWish.NONE
    tags: Sequence[str] = ()
    title: str | None = None
    client_reference: str | None = None
    idempotency_key: str | None = None
    request: bytes | None = None
    """The request as it was made, by which a repetition is recognized; None: the draft is compared instead.

    It is there where the draft has more in it than was asked for, such as what was drawn by lot.
    """
    flash: bool = False
    max_parts: int | None = None
    options: Options = USUAL
    door_facts: str | None = None
    """What the door that makes it keeps with it for itself; nobody else looks into it (`doors/facts.py`)."""
    recipient_facts: Mapping[str, str] | None = None
    """What that door keeps with each of some recipients, by MSISDN."""


class Batch(msgspec.Struct, kw_only=True):
    """One request to send, as it is stored."""

    id: str
    account_id: str
    protocol: str
    kind: BodyKind
    originator: str | None
    body: str
    """The text; for binary, the octets in standard base64."""
    udh: str
    """The user data header in hexadecimal; empty if there is none."""
    parameters: Parameters | None
    recipients: Sequence[str]
    """MSISDNs in the order given, each once; the members of groups are not among them."""
    groups: Sequence[str]
    recipient_count: int
    """How many messages there are: for recipients, and for members of groups once they are looked up."""
    send_at: datetime
    expire_at: datetime
    callback_url: str | None
    report: ReportWish
    tags: Sequence[str]
    title: str | None
    client_reference: str | None
    flash: bool
    max_parts: int | None
    created_at: datetime
    modified_at: datetime
    options: Options = USUAL
    fields: Parameters | None = None
    """Values of contacts' fields for names in its texts, by MSISDN; only there when texts are rendered."""
    sink: str | None = None
    """Where its facts go instead of a URL; None if they go to the URL."""
    door_facts: str | None = None
    """What the door that made it keeps with it for itself; nobody else looks into it (`doors/facts.py`)."""
    recipient_facts: Mapping[str, str] | None = None
    """What that door keeps with each of some recipients, by MSISDN; only there when they are stored."""
    canceled_at: datetime | None = None
    expand_at: datetime | None = None
    """When the members of its groups will be looked up; None if there are no groups, or it was done."""
    pause: Pause | None = None
    pause_reason: str | None = None
    """Why it was paused, as a `PauseReason`."""

    @property
    def paused(self) -> bool:
        return self.pause in HOLDING and (self.pause is not Pause.CHANGING or self.pause_reason is not None)

    @property
    def canceled(self) -> bool:
        return self.canceled_at is not None


def draft_of(batch: Batch) -> Draft:
    """Return the draft that would make this batch again."""
    text = batch.kind is BodyKind.TEXT
    return Draft(
        protocol=batch.protocol,
        to=batch.recipients,
        groups=batch.groups,
        originator=batch.originator,
        text=batch.body if text else None,
        data=None if text else b64decode(batch.body),
        udh=bytes.fromhex(batch.udh),
        parameters=batch.parameters,
        send_at=batch.send_at,
        expire_at=batch.expire_at,
        callback_url=batch.callback_url,
        sink=batch.sink,
        report=batch.report,
        tags=batch.tags,
        title=batch.title,
        client_reference=batch.client_reference,
        flash=batch.flash,
        max_parts=batch.max_parts,
        options=batch.options,
        door_facts=batch.door_facts,
    )
