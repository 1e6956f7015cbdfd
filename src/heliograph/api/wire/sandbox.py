"""The sandbox's simulated phones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from heliograph.api.wire.fields import ChannelName, StatusName, TimeoutSeconds
from heliograph.api.wire.pages import PageSize


class PhonePart(msgspec.Struct, kw_only=True):
    """One of the parts in which a message came to a phone, or left it."""

    number: int
    """Which part it is, from 1 on."""
    of: int
    """How many there are: 1 for a short message; as the header says, where a client has cut the message itself."""
    encoding: str
    udh: str
    """The header in hexadecimal, empty if there is none."""
    octets: int
    """Of the user data behind the header; of the GSM alphabet the septets, one each."""
    text: str | None
    """Null for binary."""


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
    """The message's status; null if the phone sent it."""
    at: datetime
    channel: ChannelName = "sms"
    handset: Sequence[PhonePart] | None = None
    """The parts as the handset has them, if they were asked for."""


class Phone(msgspec.Struct, kw_only=True):
    number: str
    latest: PhoneMessage
    recent: int


class Phones(msgspec.Struct, kw_only=True):
    items: Sequence[Phone]


class PhoneMessages(msgspec.Struct, kw_only=True):
    items: Sequence[PhoneMessage]


class PhoneQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit: PageSize = 100
    after: str | None = None
    parts: bool = False
    """Whether the parts of each message are shown, too."""


class PhoneWaitQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    timeout_s: TimeoutSeconds = 30.0
    after: str | None = None
    contains: str | None = None


class Code(msgspec.Struct, kw_only=True):
    code: str
    message: PhoneMessage


class CodeQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    timeout_s: TimeoutSeconds = 0.0
    after: str | None = None
    """The id of a message on the phone: only codes in messages that came after it count."""


class SendReply(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    to: str
    text: str
    channel: ChannelName | None = None
    """The channel to reply by; null means the one that the last message from there came by."""


class SentReply(msgspec.Struct, kw_only=True):
    inbound_id: str


class Reception(msgspec.Struct, kw_only=True):
    received: int
    repeated: int
    """How many of these were copies of a message that the phone already had."""
