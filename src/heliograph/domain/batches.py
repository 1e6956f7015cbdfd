"""A batch: one request to send, whatever the door it came in by."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntFlag, StrEnum

import msgspec

from heliograph.domain.channels import Channel, Fallback, RichMedia
from heliograph.domain.directory import TemplateWish
from heliograph.domain.links import Tracked
from heliograph.domain.priorities import Priority

MAX_RECIPIENTS = 100_000
MAX_GROUPS = 1_000
"""That one batch goes to, or one group is the parent of."""
MAX_PARAMETERS = 500
"""As many as can be named in the longest text."""
MAX_TAGS = 1_000
"""Of a batch or a group."""
MAX_TEXT_LENGTH = 2_000
MAX_BINARY_OCTETS = 140
DEFAULT_VALIDITY = timedelta(days=3)

Parameters = Mapping[str, Mapping[str, str]]
"""name -> {msisdn or "default" -> value}, keys as the customer wrote them."""


class BodyKind(StrEnum):
    TEXT = "text"
    BINARY = "binary"


class ReportWish(StrEnum):
    """Which facts about a batch are called back to the customer."""

    NONE = "none"
    SUMMARY = "summary"
    """Once, when every message is settled: how many ended how."""
    FULL = "full"
    """The same, with the recipients."""
    PER_RECIPIENT = "per_recipient"
    """At each change of status of each message."""
    PER_RECIPIENT_FINAL = "per_recipient_final"
    """When a message is settled."""


class Notify(IntFlag):
    """What a change of a message's status sets off: carried by each message, so that nothing is looked up."""

    NOTHING = 0
    EVERY_CHANGE = 1
    WHEN_SETTLED = 2
    BATCH_WHEN_SETTLED = 4
    WATCHED = 8
    """Its end is counted: its batch pauses by itself when too many fail."""


NOTIFY = {
    ReportWish.NONE: Notify.NOTHING,
    ReportWish.SUMMARY: Notify.BATCH_WHEN_SETTLED,
    ReportWish.FULL: Notify.BATCH_WHEN_SETTLED,
    ReportWish.PER_RECIPIENT: Notify.EVERY_CHANGE,
    ReportWish.PER_RECIPIENT_FINAL: Notify.WHEN_SETTLED,
}


class Pause(StrEnum):
    """How far a batch is from being paused, or from going on."""

    PAUSING = "pausing"
    """Nothing more is sent; its messages are being taken out of the queue."""
    PAUSED = "paused"
    RESUMING = "resuming"
    """They are being put back."""


HOLDING = frozenset({Pause.PAUSING, Pause.PAUSED})


class PauseReason(StrEnum):
    CUSTOMER = "customer"
    FAILURES = "failures"
    """Too many of its messages failed."""


def notify_of(report: ReportWish, options: Options) -> Notify:
    """What each message of a batch carries."""
    return NOTIFY[report] if options.pause_share is None else NOTIFY[report] | Notify.WATCHED


class Audience(msgspec.Struct, frozen=True):
    """A group as it was when a campaign went to its members."""

    number: int
    name: str
    size: int


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a batch is sent, where it is not as usual. Equal ones are hashed alike, wherever they come from."""

    truncate: bool = False
    """A text that needs more than one part is cut to what fits into one."""
    originator_ton: int | None = None
    """SMPP 3.4 section 5.2.5; None: by the look of the originator."""
    originator_npi: int | None = None
    """SMPP 3.4 section 5.2.6."""
    feedback: bool = False
    """The customer will say who got it."""
    local_time: bool = False
    """`send_at` is what the clock on the wall shows where each recipient is, not one moment."""
    quiet: tuple[int, int] | None = None
    """Minutes of the recipient's day from which and until which nothing is sent; what falls inside waits."""
    marketing: bool = False
    """It wants something of its recipients: it keeps the installation's quiet hours, and lets others go first."""
    priority: Priority = Priority.NORMAL
    pause_share: float | None = None
    """Pauses by itself when more than this share of what has settled has failed; from 0 to 1."""
    pause_after: int = 50
    """How many have to be settled before their share means anything."""
    despite_optout: bool = False
    """It goes to recipients who opted out: it is the confirmation of that. No door can ask for it."""
    media: tuple[str, ...] = ()
    """Addresses of what goes with the text; they are in the text, too. Empty where one was taken away."""
    audience: tuple[Audience, ...] = ()
    """The groups whose members were made recipients when it was accepted."""
    campaign_id: str | None = None
    """The customer's registration with the networks, for providers that ask for it."""
    ucs2: bool = False
    """The text goes as UCS-2, even if GSM 03.38 has all of its characters."""
    as_given: bool = False
    """Its parameters are all the values that there are: no contact's field fills in a name."""
    deferred_s: int | None = None
    """`send_at` was asked for as so many seconds from then."""
    channel: Channel = Channel.SMS
    rich_media: RichMedia | None = None
    """What is shown besides the text, on channels that can."""
    fallbacks: tuple[Fallback, ...] = ()
    """What is tried, one after the other, where `channel` does not deliver."""
    fall_back_after_s: int = 300
    """How long each but the last has to deliver."""

    @property
    def channels(self) -> list[Channel]:
        """The channel of each leg, in the order in which they are tried."""
        return [self.channel, *(fallback.channel for fallback in self.fallbacks)]

    def __post_init__(self) -> None:
        """Makes tuples of lists: providers sort messages by what they have in common."""
        for name in self.__struct_fields__:
            if isinstance(value := getattr(self, name), list):
                msgspec.structs.force_setattr(self, name, tuple(value))


USUAL = Options()


class Draft(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a customer asks to be sent, in our words, before any rule has been applied to it."""

    protocol: str
    """The door it came by; callbacks about it go out in that protocol's shape."""
    to: Sequence[str] = ()
    groups: Sequence[str] = ()
    """Groups whose members, and those of their children, get it too: whoever is in them when the batch is sent."""
    originator: str | None = None
    text: str | None = None
    template: TemplateWish | None = None
    """Instead of a text."""
    links: Sequence[Tracked] = ()
    """Short addresses in its text that were made for one recipient each: stored with it, so that hits know whose."""
    data: bytes | None = None
    udh: bytes = b""
    parameters: Parameters | None = None
    send_at: datetime | None = None
    expire_at: datetime | None = None
    callback_url: str | None = None
    sink: str | None = None
    """Where its facts go instead of to a URL (`callbacks.session_sink`); set by doors whose clients stay connected."""
    report: ReportWish = ReportWish.NONE
    tags: Sequence[str] = ()
    title: str | None = None
    client_reference: str | None = None
    idempotency_key: str | None = None
    request: bytes | None = None
    """What was asked, where the draft has more in it than that (what was drawn by lot, say): a repetition is recognised
    by this. None: by the draft."""
    flash: bool = False
    max_parts: int | None = None
    options: Options = USUAL


class Batch(msgspec.Struct, kw_only=True):
    """One request to send, as stored."""

    id: str
    account_id: str
    protocol: str
    kind: BodyKind
    originator: str | None
    body: str
    """The text; for binary, standard base64."""
    udh: str
    """Hexadecimal; empty if there is none."""
    parameters: Parameters | None
    recipients: Sequence[str]
    """Bare MSISDNs, in the order given, each once; the members of groups are not among them."""
    groups: Sequence[str]
    recipient_count: int
    """Messages there are: of recipients, and of members of groups once these have been looked up."""
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
    """What contacts' fields fill in for names of its texts, by bare MSISDN; only where texts are rendered."""
    sink: str | None = None
    """Where its facts go instead of to a URL."""
    canceled_at: datetime | None = None
    expand_at: datetime | None = None
    """When the members of its groups will be looked up; None: there are no groups, or it has been done."""
    pause: Pause | None = None
    pause_reason: str | None = None
    """One of `PauseReason`."""

    @property
    def paused(self) -> bool:
        return self.pause in HOLDING

    @property
    def canceled(self) -> bool:
        return self.canceled_at is not None


def draft_of(batch: Batch) -> Draft:
    """What would have to be asked for to get this batch again."""
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
    )
