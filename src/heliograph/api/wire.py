"""The shapes of the native API. No I/O; the SDK decodes the same structs.

Numbers are written with a plus (`+33612345678`), instants as RFC 3339 in UTC, binary as standard base64, headers as
hexadecimal. A listing is `{"items": [...], "next": CURSOR}`; hand `next` back as `before` for the next page, until it
is null.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from heliograph.domain.batches import MAX_GROUPS, MAX_PARAMETERS, MAX_RECIPIENTS
from heliograph.domain.contacts import MAX_FIELDS
from heliograph.domain.groups import MAX_KEYWORDS
from heliograph.domain.lookups import MAX_LOOKUPS
from heliograph.domain.optouts import MOST_WORDS

ReportName = Literal["none", "summary", "full", "per_recipient", "per_recipient_final"]
StatusName = Literal["queued", "sending", "sent", "delivered", "failed", "rejected", "expired", "canceled", "unknown"]
ShortText = Annotated[str, Meta(max_length=255)]
PageSize = Annotated[int, Meta(ge=1, le=1000)]
PriorityName = Literal["urgent", "normal", "low"]
ChannelName = Literal["sms", "viber", "whatsapp"]
Instant = Annotated[datetime, Meta(tz=True)]
"""With an offset: one without would mean another moment on every machine."""
Storable = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""What a column of the store can hold."""
PartCount = Annotated[int, Meta(ge=1, le=255)]
TimeoutSeconds = Annotated[float, Meta(ge=0, le=300)]
Numbers = Annotated[list[str], Meta(max_length=MAX_RECIPIENTS)]
Groups = Annotated[list[str], Meta(max_length=MAX_GROUPS)]
Tags = Annotated[list[ShortText], Meta(max_length=50)]
Values = Annotated[dict[str, str], Meta(max_length=MAX_RECIPIENTS + 1)]
"""One for each recipient, and the default."""
Parameters = Annotated[dict[str, Values], Meta(max_length=MAX_PARAMETERS)]
Links = Annotated[dict[str, str], Meta(max_length=20)]
"""Each is an address of its own for each recipient."""
KeywordList = Annotated[list[str], Meta(max_length=MAX_KEYWORDS)]
Fields = Annotated[dict[str, str], Meta(max_length=MAX_FIELDS)]
Words = Annotated[list[str], Meta(max_length=MOST_WORDS)]
ScopeList = Annotated[list[str], Meta(max_length=100)]
AreaSettings = Annotated[dict[str, Annotated[dict[str, Any], Meta(max_length=100)]], Meta(max_length=100)]


class RichMedia(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is shown besides the text, on channels that can."""

    image_url: str | None = None
    button_caption: str | None = None
    target_url: str | None = None


class Fallback(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What is sent by another channel instead."""

    channel: ChannelName
    text: str = ""
    template: Storable | str | None = None
    """One that is kept for this channel, by its number or its name, instead of a text."""
    rich_media: RichMedia | None = None


class Content(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What can be said of a single message and of a batch alike. What is not said is not sent either: a server of an
    earlier version refuses what it does not know."""

    text: str | None = None
    template: Storable | str | None = None
    """One that is kept, by its number or its name, instead of a text."""
    data: bytes | None = None
    """Binary instead of text: base64, at most 140 octets together with `udh`."""
    udh: str = ""
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
    """Repeating a request with its key answers with what the first one made, and sends nothing."""
    flash: bool = False
    max_parts: PartCount | None = None
    truncate: bool = False
    """A text that needs more than one part is cut to what fits into one."""
    feedback: bool = False
    """You will say who got it (`confirm`)."""
    links: Links = {}
    """`{name: id}` of links or files: `${name}` in the text becomes an address for each recipient alone."""
    channel: ChannelName | None = None
    """null: the template's, or sms."""
    rich_media: RichMedia | None = None
    fallbacks: Annotated[list[Fallback], Meta(max_length=10)] = []
    """What is tried, one after the other, where `channel` does not deliver."""
    fall_back_after_s: Annotated[int, Meta(ge=60, le=1_209_600)] = 300
    """How long each channel but the last has to deliver."""
    priority: PriorityName = "normal"
    """Who goes first where messages wait for one another."""
    marketing: bool = False
    """It keeps the quiet hours, by the recipient's clock, and lets everything else go first."""


class SendMessage(Content, forbid_unknown_fields=True, kw_only=True):
    to: str


class CreateBatch(Content, forbid_unknown_fields=True, kw_only=True):
    to: Numbers = []
    groups: Groups = []
    """Groups whose members, and those of their children, get it too: whoever is in them when the batch is sent."""
    title: ShortText | None = None
    pause_at_failure_share: Annotated[float, Meta(ge=0, le=1)] | None = None
    """It pauses by itself when more than this share of what has settled has failed."""
    pause_after: Annotated[int, Meta(ge=1, le=2**31)] = 50
    """How many have to be settled before that share counts."""


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
    """Null: at once."""
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
    """Who has what was sent to them; nobody named: everybody."""

    numbers: Numbers = []


class Keywords(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which inbound texts to `to` add their sender to a group, and which remove it.

    A text does if it begins with these words, one or two, whatever their case; an empty list: no text does.
    """

    to: str
    add: KeywordList = []
    remove: KeywordList = []


GroupName = Annotated[str, Meta(min_length=1, max_length=255)]


class CreateGroup(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: GroupName | None = None
    """Unique in the account."""
    members: Numbers = []
    children: Groups = []
    """Groups whose members get what is sent to this one."""
    keywords: Keywords | None = None
    tags: Tags = []


class ChangeGroup(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """First all additions, then all removals. What is absent stays; null takes the name or the keywords away."""

    name: GroupName | UnsetType | None = UNSET
    add: Numbers = []
    remove: Numbers = []
    add_children: Groups = []
    remove_children: Groups = []
    add_from: str | None = None
    """A group whose members are copied, once."""
    remove_from: str | None = None
    keywords: Keywords | UnsetType | None = UNSET


class Group(msgspec.Struct, kw_only=True):
    """Recipients under one name."""

    id: str
    name: str | None
    size: int
    """Members of its own; those of its children are not counted."""
    children: Sequence[str]
    keywords: Keywords | None
    tags: Sequence[str]
    created_at: datetime
    modified_at: datetime


class GroupPage(msgspec.Struct, kw_only=True):
    items: Sequence[Group]
    next: str | None


class Members(msgspec.Struct, kw_only=True):
    items: Sequence[str]


Money = str
"""A sum in the account's currency, as a decimal: "0.045"."""


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
    """When you said that the recipient has it."""
    price: Money | None = None
    """What was charged for it and not given back; null in the answer to its own request."""
    channel: ChannelName = "sms"
    """By which it travels; of one that may take several, the last that was tried."""


class Wait(msgspec.Struct, kw_only=True):
    """Why a message is not settled, and until when (null: nobody can say)."""

    message_id: str
    status: StatusName
    why: str
    until: datetime | None
    explanation: str


class MessagePage(msgspec.Struct, kw_only=True):
    items: Sequence[Message]
    next: str | None


class Batch(msgspec.Struct, kw_only=True):
    """One request to send, as it was asked for; recipients and parameters, which may be many, are left out."""

    id: str
    originator: str | None = msgspec.field(name="from")
    text: str | None
    data: str | None
    udh: str | None
    groups: Sequence[str]
    recipient_count: int
    """Messages there are; members of groups count once they have been looked up, which is when the batch is sent."""
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
    """customer, or failures: it has paused by itself."""
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


class BatchPage(msgspec.Struct, kw_only=True):
    items: Sequence[Batch]
    next: str | None


class Bucket(msgspec.Struct, kw_only=True):
    status: StatusName
    reason: str | None
    count: int


class Report(msgspec.Struct, kw_only=True):
    """Where the messages of a batch stand."""

    batch_id: str
    total: int
    settled: int
    buckets: Sequence[Bucket]


class WouldFail(msgspec.Struct, kw_only=True):
    """Messages of a batch that would fail for one reason."""

    reason: str
    """As a message would have it."""
    count: int
    explanation: str
    parameters: Sequence[str] = []
    """Of `missing_parameter`: the names without a value."""
    numbers: Sequence[str] = []
    """The first twenty of them."""


class DryRun(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a batch would come to if it were sent now; of failures nothing is said where there would be none."""

    recipients: int
    parts: int
    """Of the messages that would be sent."""
    price: Money = msgspec.field(default_factory=lambda: "0")
    """What sending it now would be charged."""
    failing: int = 0
    """How many of the messages would fail, or be refused at once."""
    failures: Sequence[WouldFail] = []
    """Why, the most frequent reason first."""


class Balance(msgspec.Struct, kw_only=True):
    """What an account has to spend; what waiting messages cost is taken off already."""

    balance: Money | None
    """null: the account is not billed."""
    currency: str
    """ISO 4217."""


class LedgerEntry(msgspec.Struct, kw_only=True):
    """One change of the balance."""

    id: str
    kind: Literal["set", "charge", "return", "transfer"]
    """`transfer`: between an account and the one above it."""
    amount: Money
    """Added to the balance; negative for charges."""
    batch_id: str | None
    created_at: datetime


class LedgerPage(msgspec.Struct, kw_only=True):
    items: Sequence[LedgerEntry]
    next: str | None


class Price(msgspec.Struct, kw_only=True):
    country: str
    """ISO 3166 alpha-2."""
    price: Money
    """For a part."""


class Prices(msgspec.Struct, kw_only=True):
    currency: str
    items: Sequence[Price]


class Contact(msgspec.Struct, kw_only=True):
    """A member of a group, with what is known of it."""

    id: str
    number: str
    country: str | None
    first_name: str | None
    last_name: str | None
    email: str | None
    fields: dict[str, str]
    """Whatever else, by names of your own."""
    opted_out: bool
    created_at: datetime


class ContactPage(msgspec.Struct, kw_only=True):
    items: Sequence[Contact]
    next: str | None


class NewContact(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    number: str
    first_name: ShortText | None = None
    last_name: ShortText | None = None
    email: ShortText | None = None
    fields: Fields = {}


class AddContacts(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    contacts: Annotated[list[NewContact], Meta(min_length=1, max_length=100_000)]
    skip_invalid: bool = False
    """Add the others, if some are no numbers."""
    update: bool = False
    """Write what is said here of those who are in the group already over what was known; what is blank changes
    nothing."""


class InvalidNumber(msgspec.Struct, kw_only=True):
    """What is no number in a list."""

    row: int
    """Its place, from 1."""
    number: str
    """As it was written."""
    reason: str


class AddedContacts(msgspec.Struct, kw_only=True):
    added: int
    updated: int
    """Who was there, and of whom something else is known now."""
    duplicates: int
    """Who was there, or comes twice, and changed nothing."""
    invalid: Sequence[InvalidNumber]


class ChangeContact(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is left out stays; null takes away."""

    number: str | UnsetType = UNSET
    first_name: ShortText | UnsetType | None = UNSET
    last_name: ShortText | UnsetType | None = UNSET
    email: ShortText | UnsetType | None = UNSET
    fields: Fields | UnsetType = UNSET


class Template(msgspec.Struct, kw_only=True):
    """A text that is kept to be sent again."""

    number: int
    name: str
    channel: Literal["sms", "viber", "whatsapp"]
    text: str
    approved: bool
    created_at: datetime


class Templates(msgspec.Struct, kw_only=True):
    items: Sequence[Template]


class NewTemplate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    text: str
    name: str | None = None
    """null: the time of its creation."""
    channel: Literal["sms", "viber", "whatsapp"] = "sms"


class ChangeTemplate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is left out stays."""

    text: str | None = None
    name: str | None = None


class LedgerQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit: PageSize = 100
    before: str | None = None


class ContactQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit: PageSize = 100
    before: str | None = None


class Inbound(msgspec.Struct, kw_only=True):
    """A message from a phone."""

    id: str
    msisdn: str = msgspec.field(name="from")
    to: str
    text: str | None
    data: str | None
    udh: str | None
    keyword: str | None
    received_at: datetime
    channel: ChannelName = "sms"


class InboundPage(msgspec.Struct, kw_only=True):
    items: Sequence[Inbound]
    next: str | None


class OptOut(msgspec.Struct, kw_only=True):
    number: str
    source: str
    created_at: datetime


class OptOutPage(msgspec.Struct, kw_only=True):
    items: Sequence[OptOut]
    next: str | None


class PhoneMessage(msgspec.Struct, kw_only=True):
    """A message as a simulated phone shows it."""

    id: str
    direction: Literal["received", "sent"]
    peer: str
    """The originator of a received message, the recipient of one that the phone sent."""
    text: str | None
    data: str | None
    encoding: str
    parts: int
    message_id: str | None
    status: StatusName | None
    """Where the message stands; null for one that the phone sent."""
    at: datetime
    channel: ChannelName = "sms"


class Phone(msgspec.Struct, kw_only=True):
    number: str
    latest: PhoneMessage
    recent: int


class Phones(msgspec.Struct, kw_only=True):
    items: Sequence[Phone]


class PhoneMessages(msgspec.Struct, kw_only=True):
    items: Sequence[PhoneMessage]


class Code(msgspec.Struct, kw_only=True):
    code: str
    message: PhoneMessage


class SendReply(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    to: str
    text: str
    channel: ChannelName | None = None
    """null: the one that the last message from there came by."""


class SentReply(msgspec.Struct, kw_only=True):
    inbound_id: str


class Reception(msgspec.Struct, kw_only=True):
    received: int
    repeated: int
    """How many of these were a message that the phone already had."""


class MessageQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit: PageSize = 100
    before: str | None = None
    batch_id: str | None = None
    to: str | None = None
    status: StatusName | None = None
    since: Instant | None = None
    until: Instant | None = None


class BatchQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit: Annotated[int, Meta(ge=1, le=100)] = 30
    before: str | None = None
    originator: str | None = msgspec.field(name="from", default=None)
    tag: str | None = None
    since: Instant | None = None
    until: Instant | None = None


class InboundQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit: PageSize = 100
    before: str | None = None
    to: str | None = None
    msisdn: str | None = msgspec.field(name="from", default=None)
    since: Instant | None = None
    until: Instant | None = None


class OptOutQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit: PageSize = 100
    after: str | None = None


class GroupQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    tag: str | None = None
    limit: PageSize = 30
    before: str | None = None


class WaitQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    timeout_s: TimeoutSeconds = 30.0


class PhoneQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit: PageSize = 100
    after: str | None = None


class PhoneWaitQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    timeout_s: TimeoutSeconds = 30.0
    after: str | None = None
    contains: str | None = None


class CodeQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    timeout_s: TimeoutSeconds = 0.0
    after: str | None = None
    """A message on the phone: only codes in those that came after it."""


class ErrorDetail(msgspec.Struct, kw_only=True):
    code: str
    message: str
    hint: str
    field: str | None
    retryable: bool
    invalid: Sequence[InvalidNumber] | UnsetType = UNSET
    """Of a list of numbers: all that are none."""


class ErrorBody(msgspec.Struct, kw_only=True):
    error: ErrorDetail


class Event(msgspec.Struct, kw_only=True):
    """What is posted to a callback URL."""

    id: str
    """The same over all attempts."""
    type: Literal[
        "message.status",
        "batch.settled",
        "batch.paused",
        "inbound",
        "verification.settled",
        "optout.added",
        "link.hit",
        "attachment.hit",
        "lookup.done",
    ]
    created_at: datetime
    data: EventData


class OptOuts(msgspec.Struct, kw_only=True):
    """Numbers that may not be written to any more."""

    items: Sequence[OptOut]


class Account(msgspec.Struct, kw_only=True):
    """What the account has decided for itself."""

    id: str
    name: str
    callback_url: str | None
    """Where inbound messages, opt-outs and hits are told."""
    callback_protocol: str
    """In which protocol's shape inbound messages are told."""
    receipt_url: str | None
    """Where receipts of messages are told that came by iSendPro."""
    callback_secret: str
    """Signs callbacks."""
    originator: str | None = msgspec.field(name="from")
    """Who messages are from that name nobody."""
    region: str | None
    """ISO 3166 alpha-2: how national numbers are read."""
    consent: ConsentWords = msgspec.field(default_factory=lambda: ConsentWords())


class ChangeAccount(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What is left out stays, null is none."""

    callback_url: str | UnsetType | None = UNSET
    callback_protocol: str | UnsetType = UNSET
    receipt_url: str | UnsetType | None = UNSET
    originator: str | UnsetType | None = msgspec.field(name="from", default=UNSET)
    region: str | UnsetType | None = UNSET
    consent: ConsentWords | UnsetType = UNSET


class ConsentWords(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Words that mean STOP, START and HELP for this account besides the usual ones, and what is answered to them."""

    stop: Words = []
    start: Words = []
    help: Words = []
    stop_answer: str | None = None
    """Null: nothing. The confirmation goes out although its recipient has just opted out."""
    start_answer: str | None = None
    help_answer: str | None = None


class Attempt(msgspec.Struct, kw_only=True):
    """One time that a message was handed to a provider."""

    provider: str
    provider_ref: str | None
    outcome: Literal["taken", "refused", "put_off", "uncertain", "failed"]
    reason: str | None
    provider_code: str | None
    detail: str | None
    at: datetime


class Attempts(msgspec.Struct, kw_only=True):
    items: Sequence[Attempt]


class Application(msgspec.Struct, kw_only=True):
    """A program that acts for the account by access tokens of SMS.CX."""

    id: str
    name: str
    secret: str
    scopes: Sequence[str]
    token_lifetime_s: int | None
    """null: its tokens are good for ever."""
    settings: dict[str, Any]
    """By area, with the names that SMS.CX has for them."""
    created_at: datetime


class Applications(msgspec.Struct, kw_only=True):
    items: Sequence[Application]


class NewApplication(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: ShortText
    scopes: ScopeList
    token_lifetime_s: Annotated[int, Meta(ge=60, le=100 * 366 * 86_400)] | None = 86_400
    settings: AreaSettings = {}


class ChangeApplication(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is left out stays, also within `settings`."""

    name: ShortText | None = None
    scopes: ScopeList | None = None
    settings: AreaSettings = {}


class StartVerification(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    to: str
    text: str = "Your code is ${code}"
    """With `${code}` in it."""
    originator: str | None = msgspec.field(name="from", default=None)
    kind: Literal["digits", "letters", "alphanumeric"] = "digits"
    length: int = 6
    """4 to 10 characters."""
    ttl_s: int = 300
    """60 to 1800 seconds."""
    max_attempts: int = 3
    """1 to 10."""
    address: ShortText | None = None
    """Of whoever is to prove that the number is theirs (an IP address, say): codes are limited for each."""
    client_reference: ShortText | None = None
    callback_url: str | None = None


class Verification(msgspec.Struct, kw_only=True):
    """A one-time code on its way, and what came of it."""

    id: str
    to: str
    status: Literal["pending", "verified", "expired", "canceled", "failed"]
    attempts: int
    """Wrong codes so far."""
    max_attempts: int
    sends: int
    """How many messages with a code there were."""
    expires_at: datetime
    settled_at: datetime | None
    price: str
    client_reference: str | None
    created_at: datetime


class CodeCount(msgspec.Struct, kw_only=True):
    """What the account has sent to numbers that begin alike."""

    prefix: str
    """Digits of E.164; empty: all numbers."""
    this_minute: int
    last_minute: int
    last_hour: int
    """Without these two minutes: people need time to type."""
    entered: int
    """Of the last hour's codes, so far."""
    last_day: int


class CodeOutlook(msgspec.Struct, kw_only=True):
    """Whether a number would be sent a code now."""

    to: str
    allowed: bool
    why: Literal["number", "kind", "country", "limit", "slowed", "stopped"] | None
    explanation: str | None
    """Why not; null if it would."""
    counts: Sequence[CodeCount]


class CheckCode(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    code: str


class Hit(msgspec.Struct, kw_only=True):
    """Somebody followed a short address."""

    id: str
    link_id: str
    at: datetime
    number: str | None
    """Whose message it was in, if the address was made for one recipient."""
    batch_id: str | None
    user_agent: str | None
    device: str | None
    """mobile, tablet or desktop"""
    browser: str | None
    os: str | None
    address: str | None
    """Where from, without its last part."""
    referrer: str | None


class Hits(msgspec.Struct, kw_only=True):
    """Of one link, newest first."""

    items: Sequence[Hit]
    next: str | None = None


class PageQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit: PageSize = 100
    before: str | None = None


class Shorten(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    url: str
    """http or https."""
    name: str | None = None
    """3 to 25 characters; null: its number."""


class ChangeLink(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is left out stays."""

    url: str | None = None
    name: str | None = None


class Link(msgspec.Struct, kw_only=True):
    """A short address."""

    id: str
    name: str
    url: str
    """What it leads to."""
    short_url: str
    hits: int
    media_type: str | None
    """Of a file."""
    size: int | None
    """Of a file, in bytes."""
    created_at: datetime


class LinkList(msgspec.Struct, kw_only=True):
    items: Sequence[Link]


class AttachmentQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: str | None = None
    """3 to 25 characters; null: its number."""


class LookUp(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    numbers: Annotated[list[str], Meta(max_length=MAX_LOOKUPS)]
    callback_url: str | None = None


class Network(msgspec.Struct, kw_only=True):
    name: str | None
    mcc: str | None
    mnc: str | None
    country: str | None


class Lookup(msgspec.Struct, kw_only=True):
    """What a mobile network says of a number."""

    id: str
    number: str
    status: Literal["waiting", "active", "absent", "barred", "unknown", "failed"]
    detail: str | None
    original: Network | None
    ported_to: Network | None
    """null: it is with the network that gave it out."""
    roaming_in: Network | None
    price: str
    created_at: datetime
    done_at: datetime | None


class Lookups(msgspec.Struct, kw_only=True):
    items: Sequence[Lookup]
    next: str | None = None


class LookupJob(msgspec.Struct, kw_only=True):
    """Many numbers that were asked about in one request."""

    id: str
    asked: int
    accepted: int
    price: str
    created_at: datetime
    invalid: Sequence[str] = []


class NumberFacts(msgspec.Struct, kw_only=True):
    """What the numbering plan says of a number."""

    number: str
    country: str | None
    operator: str | None
    """That its range was given out to; a lookup says whom it is with now."""
    type: str
    time_zone: str
    national: str
    international: str


class Conversation(msgspec.Struct, kw_only=True):
    """A number that has written, by whatever channel."""

    id: str
    number: str
    first_name: str | None
    last_name: str | None
    unread: int
    last_text: str
    last_at: datetime


class Conversations(msgspec.Struct, kw_only=True):
    items: Sequence[Conversation]


class ThreadLine(msgspec.Struct, kw_only=True):
    id: str
    direction: Literal["received", "sent"]
    """From the number, or to it."""
    channel: ChannelName
    text: str
    status: StatusName
    at: datetime


class Thread(msgspec.Struct, kw_only=True):
    """The newest messages of a conversation, newest first."""

    items: Sequence[ThreadLine]


class Answer(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    text: str | None = None
    template: Storable | str | None = None
    """One that is kept for the channel, by its number or its name, instead of a text."""
    channel: ChannelName = "sms"
    idempotency_key: ShortText | None = None


class MessageStatus(msgspec.Struct, kw_only=True):
    message_id: str
    batch_id: str
    to: str
    status: StatusName
    reason: str | None
    explanation: str | None
    provider_code: str | None
    at: datetime


EventData = MessageStatus | Report | Batch | Inbound | Verification | OptOuts | Hits | Lookups
"""What events tell, by their type."""
