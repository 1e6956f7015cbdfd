"""Conversations: the messages in both directions between an account and one number, by any channel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from heliograph.domain.bounded import count_in
from heliograph.domain.channels import RichMedia
from heliograph.domain.cursors import no_cursor
from heliograph.domain.errors import InvalidField
from heliograph.domain.instants import to_ms

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
    assignee_id: str | None = None
    """The person who answers."""
    assignee: str | None = None
    """The e-mail address of that person."""
    closed_at: datetime | None = None
    """Since when nobody needs to answer; somebody who writes again opens it."""


class ConversationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which conversations are meant; None: whatever it is."""

    closed: bool | None = None
    unread: bool | None = None
    assigned: bool | None = None
    """Whether anybody answers it."""
    assignee_id: str | None = None


EVERY_ONE = ConversationFilter()


class Place(NamedTuple):
    """Where a conversation stands in a list, which has the one written to last first."""

    at_ms: int
    id: str

    def __str__(self) -> str:
        return f"{self.at_ms}-{self.id}"


def place_of(conversation: Conversation) -> Place:
    return Place(to_ms(conversation.last_at), conversation.id)


def place_in(text: str) -> Place:
    """Read what `str` has written of a place. Raises InvalidField."""
    at, _, of = text.partition("-")
    at_ms = count_in(at)
    if at_ms is None or not of:
        raise no_cursor()
    return Place(at_ms, of)


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has noted about a conversation, for those who answer it; it is sent to nobody."""

    id: str
    author: str
    """The e-mail address of a person, or the name of the account whose key it was."""
    text: str
    at: datetime


LONGEST_NOTE = 2_000
MOST_NOTES = 200
"""Of one conversation."""


def note_in(text: str) -> str:
    """Read what is to be noted. Raises InvalidField for nothing, and for what is too long."""
    found = text.strip()
    if not 1 <= len(found) <= LONGEST_NOTE:
        said = f"not {len(found):,}" if found else "and this one is empty"
        raise InvalidField(f"A note has 1 to {LONGEST_NOTE:,} characters, {said}.", field="text")
    return found


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
