"""Sums of what was sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from heliograph.api.wire.fields import ChannelName, Instant, Money, ShortText, StatusName


class SumRow(msgspec.Struct, kw_only=True):
    """The messages of one day, country, channel and state."""

    day: date
    """The day on which they were accepted, of UTC."""
    country: str | None
    """The country of their numbers, in ISO 3166 alpha-2; null: of none."""
    channel: ChannelName
    status: StatusName
    reason: str | None
    """Why they ended; null if they have not, or nothing was wrong."""
    count: int
    """How many messages they are."""
    parts: int
    """How many parts these have, as far as they were made."""
    price: Money
    """What they cost."""


class SumRows(msgspec.Struct, kw_only=True):
    items: Sequence[SumRow]


class SumQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    since: Instant
    until: Instant | None = None
    """Accepted from `since`, inclusive, to `until`, exclusive: 93 days at most. Null: until now."""
    batch_id: str | None = None
    """Only messages of this batch."""
    tag: ShortText | None = None
    """Only messages that were sent with this tag."""
