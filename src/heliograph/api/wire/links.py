"""Short addresses and files, and who followed them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec


class Link(msgspec.Struct, kw_only=True):
    """A short address, and what it leads to."""

    id: str
    name: str
    url: str
    """The address that it leads to."""
    short_url: str
    hits: int
    """How often people have opened it; what previews, crawlers and scanners asked for is not counted."""
    media_type: str | None
    """The media type, if it leads to a file."""
    size: int | None
    """The size in bytes, if it leads to a file."""
    passes_query: bool
    """Whether the query with which the short address is opened is handed on, behind the other's own."""
    created_at: datetime
    etag: str = ""
    """A tag of all this but the hits, which is another once something has changed."""


class LinkPage(msgspec.Struct, kw_only=True):
    items: Sequence[Link]
    next: str | None


class Shorten(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    url: str
    """An address that begins with http or https."""
    name: str | None = None
    """A name of 3 to 25 characters; null names it by its number."""
    passes_query: bool = False
    """Whether to hand on the query with which the short address is opened, behind the other's own."""


class ChangeLink(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A change of a link: what is left out stays."""

    url: str | None = None
    name: str | None = None
    passes_query: bool | None = None
    """Whether to hand on the query with which the short address is opened."""


class AttachmentQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: str | None = None
    """A name of 3 to 25 characters; null names the file by its number."""


class Hit(msgspec.Struct, kw_only=True):
    """One time that somebody opened a short address."""

    id: str
    link_id: str
    at: datetime
    number: str | None
    """The recipient of the message that it was in, if the address was made for one recipient."""
    batch_id: str | None
    user_agent: str | None
    device: str | None
    """`mobile`, `tablet` or `desktop`."""
    browser: str | None
    os: str | None
    address: str | None
    """The visitor's IP address without its last part."""
    referrer: str | None
    preview: bool = False
    """Whether a program asked for it, to show or check what is there, and not a person; it is not counted then."""


class Hits(msgspec.Struct, kw_only=True):
    """The hits of one link, newest first."""

    items: Sequence[Hit]
    next: str | None = None
