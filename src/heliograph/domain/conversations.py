"""Conversations: the messages in both directions between an account and one number, by any channel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from heliograph.domain.channels import RichMedia

WINDOW = timedelta(hours=24)
"""How long after somebody's last message they may be answered, by a channel other than SMS, without a template.

It is the rule of WhatsApp, which SMS.CX has for Viber, too (reference: smscx.md, section 8).
"""


class LastInbound(NamedTuple):
    """The last message from a number by one channel."""

    at_ms: int
    to: str
    """The originator that it was written to, from which a reply comes."""


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """The messages between an account and one number that has written to it."""

    id: str
    account_id: str
    msisdn: str
    unread: int
    last_text: str
    """The last text that was written to the account."""
    last_at: datetime
    heard: Mapping[str, LastInbound]
    """The last message by each channel."""


class ConversationEntry(NamedTuple):
    """One message of a conversation."""

    id: str
    received: bool
    """Whether it came from the number, instead of being sent to it."""
    text: str
    rich_media: RichMedia | None
    status: str
    """One of `statuses.Status`; delivered, if it was received."""
    scheduled: bool
    price: int
    channel: str
    at: datetime
