"""What was tried to get a message to its recipient."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class AttemptOutcome(StrEnum):
    """What came of one attempt."""

    REFUSED = "refused"
    """The provider would not take it."""
    PUT_OFF = "put_off"
    """The provider could not take it then."""
    UNCERTAIN = "uncertain"
    """The request was written, and no answer came."""
    FAILED = "failed"
    """The provider took it, and a receipt says that it was not delivered, or none came in time."""
    TAKEN = "taken"
    """The provider took it; what became of it is the message's status."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a message was handed to a provider."""

    provider: str
    provider_ref: str | None
    outcome: AttemptOutcome
    reason: str | None
    provider_code: str | None
    detail: str | None
    at: datetime
