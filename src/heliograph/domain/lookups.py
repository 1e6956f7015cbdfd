"""Lookups (HLR): what a mobile network says of a number."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

MAX_LOOKUPS = 100_000
"""The most numbers of one job."""


class LineStatus(StrEnum):
    """How a number stands in its network (reference: smscx.md, section 7)."""

    ACTIVE = "active"
    """The number can be reached."""
    ABSENT = "absent"
    """The number can't be reached at the moment."""
    BARRED = "barred"
    """The number's operator blocks it."""
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
    """Return the sentence about a status that a customer is told."""
    return _TOLD[status]


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """A mobile network, as far as it is known."""

    name: str | None = None
    mcc: str | None = None
    """The mobile country code (E.212)."""
    mnc: str | None = None
    country: str | None = None
    """The country, in ISO 3166 alpha-2."""


class NetworkFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one number."""

    status: LineStatus
    detail: str = ""
    """The provider's own words, which no customer is told."""
    original: Network = Network()
    """The network that issued the number."""
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
    """The price in millionths; 0 if the lookup failed."""
    facts: NetworkFacts | None
    """What is known; None while the network has not answered."""
    callback_url: str | None
    protocol: str
    created_at: datetime
    done_at: datetime | None


class LookupJob(msgspec.Struct, frozen=True, kw_only=True):
    """A request to look many numbers up."""

    id: str
    account_id: str
    asked: int
    """How many numbers there were in the request."""
    accepted: int
    """How many of them are looked up."""
    price: int
    """What was charged when it was accepted, in millionths."""
    created_at: datetime
