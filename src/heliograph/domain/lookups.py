"""Lookups (HLR): what a mobile network says of a number."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

MAX_LOOKUPS = 100_000
"""In one job."""


class LineStatus(StrEnum):
    """How a number stands in its network (reference: smscx.md, section 7)."""

    ACTIVE = "active"
    """It can be reached."""
    ABSENT = "absent"
    """It can't be reached at the moment."""
    BARRED = "barred"
    """Its operator blocks it."""
    UNKNOWN = "unknown"
    """The network knows nobody with this number."""
    FAILED = "failed"
    """The network gave no answer."""


_TOLD = {
    LineStatus.ACTIVE: "The phone can be reached.",
    LineStatus.ABSENT: "The phone is off or out of reach.",
    LineStatus.BARRED: "The operator blocks this number.",
    LineStatus.UNKNOWN: "No network knows this number.",
    LineStatus.FAILED: "The network gave no answer.",
}


def told_of(status: LineStatus) -> str:
    """The sentence that a customer is told."""
    return _TOLD[status]


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """A mobile network, as far as it is known."""

    name: str | None = None
    mcc: str | None = None
    """The country's code (E.212)."""
    mnc: str | None = None
    country: str | None = None
    """ISO 3166 alpha-2."""


class NetworkFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one number."""

    status: LineStatus
    detail: str = ""
    """The provider's own words, which no customer is told."""
    original: Network = Network()
    """The network that the number was given out by."""
    ported_to: Network | None = None
    """The network that it is with now, if that is another; None if it was never ported."""
    roaming_in: Network | None = None
    """The network that it is in at the moment, if that is not its own."""


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """One question about one number, and its answer once there is one."""

    id: str
    account_id: str
    job_id: str | None
    """The job that it is part of; None if it was asked alone."""
    msisdn: str
    country: str | None
    price: int
    """Millionths; 0 if the lookup failed."""
    facts: NetworkFacts | None
    """None while it waits."""
    callback_url: str | None
    protocol: str
    created_at: datetime
    done_at: datetime | None


class LookupJob(msgspec.Struct, frozen=True, kw_only=True):
    """Many numbers that were asked about in one request."""

    id: str
    account_id: str
    asked: int
    """How many numbers there were in the request."""
    accepted: int
    """How many of them are looked up."""
    price: int
    """Millionths, when it was accepted."""
    created_at: datetime
