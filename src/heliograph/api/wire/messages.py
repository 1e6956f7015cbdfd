"""Single messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from heliograph.api.wire.fields import (
    ChannelName,
    Instant,
    Money,
    PartCount,
    PriorityName,
    ReportName,
    ShortText,
    StatusName,
    Storable,
    Tags,
    TimeoutSeconds,
)
from heliograph.api.wire.pages import PageSize
from heliograph.domain.batches import MAX_PARAMETERS, MAX_RECIPIENTS

Values = Annotated[dict[str, str], Meta(max_length=MAX_RECIPIENTS + 1)]
"""The values of one parameter, by recipient, and the default."""
Parameters = Annotated[dict[str, Values], Meta(max_length=MAX_PARAMETERS)]
Links = Annotated[dict[str, str], Meta(max_length=20)]
"""Links by the parameters that become an address of theirs for each recipient."""


class RichMedia(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An image and a button that are shown besides the text, on channels that can."""

    image_url: str | None = None
    button_caption: str | None = None
    target_url: str | None = None


class Fallback(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What is sent by another channel if the one before does not deliver."""

    channel: ChannelName
    text: str = ""
    template: Storable | str | None = None
    """A stored template of this channel, by its number or its name, instead of a text."""
    rich_media: RichMedia | None = None


class Content(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What can be said of a single message and of a batch alike.

    Fields that are not given are left out of requests: a server of an earlier version refuses those it does not know.
    """

    text: str | None = None
    template: Storable | str | None = None
    """A stored template, by its number or its name, instead of a text."""
    data: bytes | None = None
    """Binary data instead of a text: base64, at most 140 octets together with `udh`."""
    udh: str = ""
    """A user data header, in hexadecimal, length octet first. A text that has one fits into one part with it."""
    originator: str | None = msgspec.field(name="from", default=None)
    parameters: Parameters | None = None
    """`{name: {number or "default": value}}` for each `${name}` in the text. A number without a value of its own gets
    what groups know of it (first_name, last_name, email, or one of the contact's `fields`), else the default."""
    send_at: Instant | None = None
    expire_at: Instant | None = None
    callback_url: str | None = None
    report: ReportName = "none"
    """Which facts are posted to `callback_url`."""
    tags: Tags = []
    client_reference: ShortText | None = None
    idempotency_key: ShortText | None = None
    """A key of your own: repeating the request with it returns what the first one made, and sends nothing."""
    flash: bool = False
    max_parts: PartCount | None = None
    truncate: bool = False
    """Whether to cut a text that needs more than one part to what fits into one."""
    feedback: bool = False
    """Whether you will say who got it (`confirm`)."""
    links: Links = {}
    """`{name: id}` of links or files: `${name}` in the text becomes an address for each recipient alone."""
    channel: ChannelName | None = None
    """The channel to send by; null means the template's, or SMS."""
    rich_media: RichMedia | None = None
    fallbacks: Annotated[list[Fallback], Meta(max_length=10)] = []
    """What is tried, one after the other, if `channel` does not deliver."""
    fall_back_after_s: Annotated[int, Meta(ge=60, le=1_209_600)] = 300
    """How long each channel but the last has to deliver, in seconds."""
    priority: PriorityName = "normal"
    """Which messages go first if they have to wait for one another."""
    marketing: bool = False
    """Whether it keeps the quiet hours, by the recipient's clock, and lets everything else go first."""


class SendMessage(Content, forbid_unknown_fields=True, kw_only=True):
    to: str


class Message(msgspec.Struct, kw_only=True):
    """One message to one number."""

    id: str
    batch_id: str
    to: str
    originator: str | None = msgspec.field(name="from")
    text: str | None
    """The text as it was given, before parameters; null for binary."""
    status: StatusName
    reason: str | None
    explanation: str | None
    """The reason as a sentence, with the provider's own words if it gave any."""
    provider: str | None
    provider_code: str | None
    encoding: str | None
    parts: int | None
    attempts: int
    created_at: datetime
    send_at: datetime
    expire_at: datetime
    sent_at: datetime | None
    settled_at: datetime | None
    confirmed_at: datetime | None
    """When you said that the recipient has it; null if you have not."""
    price: Money | None = None
    """The price less what was given back; null in the answer to the message's own request."""
    channel: ChannelName = "sms"
    """The channel that it goes by; if it may take several, the last that was tried."""


class Wait(msgspec.Struct, kw_only=True):
    """Why a message is not settled yet, and until when that is so; null if nobody can say."""

    message_id: str
    status: StatusName
    why: str
    until: datetime | None
    explanation: str


class MessagePage(msgspec.Struct, kw_only=True):
    items: Sequence[Message]
    next: str | None


class MessageFilter(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which messages are listed: those that everything here is true of."""

    q: Annotated[str, Meta(max_length=200)] | None = None
    """Words that the text has, all of them, whatever their case and accents; or a recipient's number with a plus."""
    batch_id: str | None = None
    to: str | None = None
    originator: str | None = msgspec.field(name="from", default=None)
    status: StatusName | None = None
    provider: str | None = None
    """The provider that it was last handed to."""
    tag: str | None = None
    """A tag that it was sent with."""
    since: Instant | None = None
    until: Instant | None = None


class MessageQuery(MessageFilter, forbid_unknown_fields=True, kw_only=True):
    limit: PageSize = 100
    before: str | None = None


class MessageIndex(msgspec.Struct, kw_only=True):
    """How far the texts of messages are indexed for `q`. What is not is found all the same, a few pages later."""

    searched_at: datetime | None
    """About when somebody last looked for words, to the day; null: never, and nothing is indexed."""
    indexed_until: datetime | None
    """Messages from before this moment are found by the index; null: none are."""


class WaitQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    timeout_s: TimeoutSeconds = 30.0


class Attempt(msgspec.Struct, kw_only=True):
    """One handing of a message to a provider."""

    provider: str
    provider_ref: str | None
    outcome: Literal["taken", "refused", "put_off", "uncertain", "failed"]
    reason: str | None
    provider_code: str | None
    detail: str | None
    at: datetime


class Attempts(msgspec.Struct, kw_only=True):
    items: Sequence[Attempt]
