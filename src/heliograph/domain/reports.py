"""The rows of reports: states of messages, counts of those in the same state, and sums."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from heliograph.domain.statuses import Status


class MessageState(NamedTuple):
    """The status of a message, and why it has it."""

    status: Status
    reason: str | None
    provider_code: str | None


class ReportRow(msgspec.Struct, frozen=True, array_like=True):
    """A message in a long report, with the few columns that are shown. Instants are milliseconds since 1970."""

    id: str
    batch_id: str
    msisdn: str
    status: str
    reason: str | None
    created_at: int
    due_at: int
    sent_at: int | None
    settled_at: int | None
    price: int
    country: str | None
    channel: str
    leg: int
    recipient_facts: str | None
    """What the door of its batch keeps with its recipient for itself."""


class Sums(msgspec.Struct, frozen=True):
    """How many messages there are, of how many parts, and what they cost."""

    count: int
    parts: int
    price: int
    """The price in millionths."""


class SummaryRow(NamedTuple):
    """Sums over the messages of one door, country, channel, day and state."""

    protocol: str
    country: str | None
    channel: str
    day: int
    """The day on which they were accepted, in days since 1970, UTC."""
    status: Status
    reason: str | None
    scheduled: bool
    """Whether they are not due yet."""
    sums: Sums


class TrafficRow(NamedTuple):
    """Sums over the messages of one stretch of time, provider, country and status."""

    at_ms: int
    """When the stretch begins, in milliseconds since 1970."""
    provider: str | None
    """None: no provider has had them."""
    country: str | None
    status: Status
    sums: Sums
    latency_ms: int
    """How long the delivered ones took from the provider to the handset, all together."""


class Bucket(msgspec.Struct, frozen=True):
    """How many messages of a batch are in the same state."""

    status: Status
    why: str | None
    """Why they ended or, before that, why they are queued, as a message's."""
    provider_code: str | None
    count: int


class RecipientStatus(msgspec.Struct, frozen=True):
    """The state of the message to one recipient of a batch."""

    msisdn: str
    status: Status
    reason: str | None
    provider_code: str | None
