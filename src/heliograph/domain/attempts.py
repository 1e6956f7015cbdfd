"""The attempts to get a message to its recipient."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class AttemptOutcome(StrEnum):
    """The outcome of one attempt."""

    REFUSED = "refused"
    """The provider refused the message."""
    PUT_OFF = "put_off"
    """The provider could not take the message then."""
    UNCERTAIN = "uncertain"
    """The request was written, and no answer came."""
    FAILED = "failed"
    """The provider took the message, but a receipt says that it was not delivered, or none came in time."""
    TAKEN = "taken"
    """The provider took the message; its status says what became of it."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One handing of a message to a provider."""

    provider: str
    provider_ref: str | None
    outcome: AttemptOutcome
    reason: str | None
    provider_code: str | None
    detail: str | None
    at: datetime
