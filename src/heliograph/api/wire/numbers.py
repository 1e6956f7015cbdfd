"""What the numbering plan and the networks know of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from heliograph.domain.lookups import MAX_LOOKUPS


class NumberFacts(msgspec.Struct, kw_only=True):
    """What the numbering plan says of a number."""

    number: str
    country: str | None
    operator: str | None
    """The operator that the number's range was given to; a lookup tells which network it is with now."""
    type: str
    time_zone: str
    national: str
    international: str


class Network(msgspec.Struct, kw_only=True):
    name: str | None
    mcc: str | None
    mnc: str | None
    country: str | None


class Lookup(msgspec.Struct, kw_only=True):
    """What a mobile network says of a number."""

    id: str
    number: str
    status: Literal["waiting", "active", "absent", "barred", "unknown", "failed"]
    detail: str | None
    original: Network | None
    ported_to: Network | None
    """The network that the number was ported to; null if it is still with the one that issued it."""
    roaming_in: Network | None
    price: str
    created_at: datetime
    done_at: datetime | None


class Lookups(msgspec.Struct, kw_only=True):
    items: Sequence[Lookup]
    next: str | None = None


class LookUp(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    numbers: Annotated[list[str], Meta(max_length=MAX_LOOKUPS)]
    callback_url: str | None = None


class LookupJob(msgspec.Struct, kw_only=True):
    """A request to look many numbers up."""

    id: str
    asked: int
    accepted: int
    price: str
    created_at: datetime
    invalid: Sequence[str] = []
