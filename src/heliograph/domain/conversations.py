"""Conversations: what went back and forth between an account and one number, whatever the channel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from heliograph.domain.channels import RichMedia

WINDOW = timedelta(hours=24)
"""How long after somebody's last message they may be answered by a channel other than SMS, without a template (the
rule of WhatsApp, which SMS.CX has for Viber too: reference, smscx.md, section 8)."""


class LastInbound(NamedTuple):
    """The last message from a number by one channel."""

    at_ms: int
    to: str
    """The originator that it was written to: a reply comes from there."""


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """One number that has written to an account."""

    id: str
    account_id: str
    msisdn: str
    unread: int
    last_text: str
    """The last that was written to the account."""
    last_at: datetime
    heard: Mapping[str, LastInbound]
    """channel -> the last message by it"""


class ConversationEntry(NamedTuple):
    """One message of a conversation."""

    id: str
    received: bool
    """From the number, not to it."""
    text: str
    rich_media: RichMedia | None
    status: str
    """One of `statuses.Status`; of what was received: delivered."""
    scheduled: bool
    price: int
    channel: str
    at: datetime
