"""Short addresses and files, and who followed them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec


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


class Shorten(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    url: str
    """http or https."""
    name: str | None = None
    """3 to 25 characters; null: its number."""


class ChangeLink(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is left out stays."""

    url: str | None = None
    name: str | None = None


class AttachmentQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: str | None = None
    """3 to 25 characters; null: its number."""


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
