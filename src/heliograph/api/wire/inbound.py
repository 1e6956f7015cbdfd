"""Messages from phones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from heliograph.api.wire.fields import ChannelName, Instant
from heliograph.api.wire.pages import PageQuery


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
    missing_parts: int = 0
    """How many parts of a long message never came; the text has an ellipsis in their place."""
    provider_facts: str | None = None
    """What else the provider said of it, in its own terms, where it is set to keep that."""


class InboundPage(msgspec.Struct, kw_only=True):
    items: Sequence[Inbound]
    next: str | None


class InboundQuery(PageQuery, forbid_unknown_fields=True, kw_only=True):
    to: str | None = None
    msisdn: str | None = msgspec.field(name="from", default=None)
    since: Instant | None = None
    until: Instant | None = None
