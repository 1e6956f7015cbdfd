"""The messages in both directions with each number that has written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from heliograph.api.wire.fields import ChannelName, ShortText, StatusName, Storable
from heliograph.api.wire.pages import PageQuery
from heliograph.domain.conversations import LONGEST_NOTE


class Conversation(msgspec.Struct, kw_only=True):
    """The messages with one number that has written, by whatever channel."""

    id: str
    number: str
    first_name: str | None
    last_name: str | None
    unread: int
    last_text: str
    last_at: datetime
    assignee: str | None
    """The e-mail address of the person who answers."""
    closed_at: datetime | None
    """Since when nobody needs to answer; whatever comes opens it again."""


class ConversationQuery(PageQuery, forbid_unknown_fields=True, kw_only=True):
    closed: bool | None = None
    """Whether nobody needs to answer any more; absent: whatever it is."""
    unread: bool | None = None
    """Whether there is something that nobody has read; absent: whatever it is."""
    assigned: bool | None = None
    """Whether somebody in particular answers; absent: whatever it is."""
    assignee: ShortText | None = None
    """The e-mail address of the person who answers."""


class ChangeConversation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What is absent stays."""

    assignee: ShortText | UnsetType | None = UNSET
    """The e-mail address of somebody who has a role at the account; null: nobody in particular."""
    closed: bool | UnsetType = UNSET
    """Whether nobody needs to answer any more, until something comes again."""


class AddNote(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    text: Annotated[str, Meta(min_length=1, max_length=LONGEST_NOTE)]


class Note(msgspec.Struct, kw_only=True):
    """What is noted about a conversation, for those who answer; it is sent to nobody."""

    id: str
    author: str
    """The e-mail address of a person, or the name of the account whose key it was."""
    text: str
    at: datetime


class Notes(msgspec.Struct, kw_only=True):
    """The notes about a conversation, oldest first."""

    items: Sequence[Note]


class ConversationPage(msgspec.Struct, kw_only=True):
    items: Sequence[Conversation]
    next: str | None


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
