"""A message: one batch to one recipient, and why it waits when it does."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from heliograph.domain.statuses import Status


class Message(msgspec.Struct, kw_only=True):
    """One batch to one recipient, as it is stored."""

    id: str
    account_id: str
    batch_id: str
    msisdn: str
    originator: str | None
    text: str | None
    """The batch's text before parameters; None for binary."""
    status: Status
    reason: str | None
    """Why it ended other than delivered, as a `statuses.Reason`; None of one that has not ended."""
    detail: str | None
    """The provider's own words, if it gave any."""
    provider_code: str | None
    encoding: str | None
    """`gsm7`, `ucs2` or `binary`; None until it has been sent."""
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
    price: int = 0
    """What was charged for it and not given back, in millionths."""
    country: str | None = None
    """The number's country, in ISO 3166 alpha-2."""
    channel: str = "sms"
    """The channel that it goes by; if it may take several, the last that was tried."""
    leg: int = 0
    """Which of the batch's bodies it has: 0 is the first, n the nth fallback."""
    plan: str | None = None
    """The plan of a message that may take several channels, which `channels.plan_of` reads; else None."""
    priority: int = 1
    """Its priority, as a `priorities.Priority`."""
    confirmed_at: datetime | None = None
    """When the customer said that the recipient has it; None if that was not said."""
    recipient_facts: str | None = None
    """What the door of its batch keeps with its recipient for itself (`doors/facts.py`)."""
    why_queued: str | None = None
    """Why it was put back into the queue, or is kept out of it, as a `Waiting`; None of one that never was."""

    @property
    def why(self) -> str | None:
        """Return the word that is shown beside the status: why it ended or, before that, why it is queued."""
        return self.reason or self.why_queued


class Waiting(StrEnum):
    """Why a message is not settled yet; `WAITING` has the words for people."""

    SCHEDULED = "scheduled"
    NEXT = "next"
    PACED = "paced"
    OUT_OF_SERVICE = "provider_out_of_service"
    PROVIDER_PAUSED = "provider_paused"
    RETRY = "retry"
    FELL_BACK = "fell_back"
    FAILED_OVER = "failed_over"
    QUIET = "quiet_hours"
    PAUSED = "paused"
    IN_FLIGHT = "in_flight"
    RECEIPT = "receipt"
    NOTHING = "nothing"


WAITING: dict[Waiting, str] = {
    Waiting.SCHEDULED: "Its time has not come.",
    Waiting.NEXT: "It is due, and is taken as soon as a worker is free.",
    Waiting.PACED: "Its provider is being sent as much as it may get.",
    Waiting.OUT_OF_SERVICE: "Its provider is failing and is left alone for a while.",
    Waiting.PROVIDER_PAUSED: "Its provider is paused by those who run this server.",
    Waiting.RETRY: "The last attempt met a passing failure; it is tried again.",
    Waiting.FELL_BACK: "One channel did not deliver it; it goes by the next as soon as a worker is free.",
    Waiting.FAILED_OVER: "One provider did not deliver it; it goes by another as soon as a worker is free.",
    Waiting.QUIET: "It is night where the recipient is.",
    Waiting.PAUSED: "Its batch is paused.",
    Waiting.IN_FLIGHT: "A worker is handing it to the provider.",
    Waiting.RECEIPT: "The provider has it; the receipt is awaited.",
    Waiting.NOTHING: "It is settled, or nothing more is known of it.",
}


class Wait(msgspec.Struct, frozen=True):
    """Why a message waits, and until when; None if nobody can say."""

    why: Waiting
    until: datetime | None
    explanation: str


def why_waiting(message: Message, now: datetime) -> Wait:
    """Tell why `message` is not settled at `now`, and until when."""
    why, until = _waiting(message, now)
    return Wait(why, until, WAITING[why])


_UNTIL_NOBODY_KNOWS = frozenset(
    {Waiting.FELL_BACK, Waiting.FAILED_OVER, Waiting.PAUSED, Waiting.PACED, Waiting.PROVIDER_PAUSED}
)


def _waiting(message: Message, now: datetime) -> tuple[Waiting, datetime | None]:
    if message.status is Status.SENDING:
        return Waiting.IN_FLIGHT, message.lease_until
    if message.status is Status.SENT:
        return Waiting.RECEIPT, message.expire_at
    if message.status is not Status.QUEUED:
        return Waiting.NOTHING, None
    if message.why_queued in _UNTIL_NOBODY_KNOWS:
        return Waiting(message.why_queued), None
    if message.due_at <= now:
        return Waiting.NEXT, None
    if message.why_queued in {Waiting.OUT_OF_SERVICE, Waiting.QUIET}:
        return Waiting(message.why_queued), message.due_at
    return Waiting.RETRY if message.attempts else Waiting.SCHEDULED, message.due_at
