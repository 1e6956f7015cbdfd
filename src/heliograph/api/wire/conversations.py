"""The messages in both directions with each number that has written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from heliograph.api.wire.fields import ChannelName, ShortText, StatusName, Storable


class Conversation(msgspec.Struct, kw_only=True):
    """The messages with one number that has written, by whatever channel."""

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
    """`received` from the number, or `sent` to it."""
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
    """A stored template of the channel, by its number or its name, instead of a text."""
    channel: ChannelName = "sms"
    idempotency_key: ShortText | None = None
