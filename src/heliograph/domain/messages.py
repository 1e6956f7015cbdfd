"""A message: one batch to one recipient, and why it waits when it does."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from heliograph.domain.statuses import Status


class Message(msgspec.Struct, kw_only=True):
    """One batch to one recipient, as stored."""

    id: str
    account_id: str
    batch_id: str
    msisdn: str
    originator: str | None
    text: str | None
    """The batch's text before parameters; None for binary."""
    status: Status
    reason: str | None
    """One of `statuses.Reason`, once it ended other than delivered."""
    detail: str | None
    """The provider's own words, if it gave any."""
    provider_code: str | None
    encoding: str | None
    """gsm7, ucs2 or binary: known once it has been sent."""
    parts: int | None
    provider: str | None
    provider_ref: str | None
    attempts: int
    created_at: datetime
    due_at: datetime
    expire_at: datetime
    lease_until: datetime | None
    sent_at: datetime | None
    settled_at: datetime | None


class Waiting(StrEnum):
    """Why a message is not settled yet."""

    SCHEDULED = "scheduled"
    """Its time has not come."""
    NEXT = "next"
    """It is due and is taken as soon as a worker is free."""
    PACED = "paced"
    """Its provider is being sent as much as it may get."""
    PROVIDER_OUT_OF_SERVICE = "provider_out_of_service"
    """Its provider is failing and is left alone for a while."""
    RETRY = "retry"
    """The last attempt met a passing failure; it is tried again."""
    IN_FLIGHT = "in_flight"
    """A worker is handing it to the provider."""
    RECEIPT = "receipt"
    """The provider has it; the receipt is awaited."""
    NOTHING = "nothing"
    """It is settled."""


class Wait(msgspec.Struct, frozen=True):
    """Why a message waits, and until when (None: nobody can say)."""

    why: Waiting
    until: datetime | None
    explanation: str
