"""One-time codes, which prove that a number is somebody's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from heliograph.api.wire.fields import ShortText


class StartVerification(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    to: str
    text: str = "Your code is ${code}"
    """The text to send, which must have `${code}` in it."""
    originator: str | None = msgspec.field(name="from", default=None)
    kind: Literal["digits", "letters", "alphanumeric"] = "digits"
    length: int = 6
    """The length of the code, 4 to 10 characters."""
    ttl_s: int = 300
    """How long the code is good, 60 to 1,800 seconds."""
    max_attempts: int = 3
    """How many wrong codes end the verification, 1 to 10."""
    address: ShortText | None = None
    """The IP address, say, of whoever is to prove that the number is theirs: codes are limited for each."""
    client_reference: ShortText | None = None
    callback_url: str | None = None


class Verification(msgspec.Struct, kw_only=True):
    """A one-time code that was sent, and what came of it."""

    id: str
    to: str
    status: Literal["pending", "verified", "expired", "canceled", "failed"]
    attempts: int
    """How many wrong codes were entered so far."""
    max_attempts: int
    sends: int
    """How many messages with a code were sent."""
    expires_at: datetime
    settled_at: datetime | None
    price: str
    client_reference: str | None
    created_at: datetime


class CheckCode(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    code: str


class CodeCount(msgspec.Struct, kw_only=True):
    """How many codes the account has sent to numbers that begin alike."""

    prefix: str
    """The digits that the numbers begin with; empty for all numbers."""
    this_minute: int
    last_minute: int
    last_hour: int
    """How many were sent in the hour before the last two minutes, which people may need for typing."""
    entered: int
    """How many of the last hour's codes were entered so far."""
    last_day: int


class CodeOutlook(msgspec.Struct, kw_only=True):
    """Whether a number would be sent a code now, and why not."""

    to: str
    allowed: bool
    why: Literal["number", "kind", "country", "limit", "slowed", "stopped"] | None
    explanation: str | None
    """Why no code would be sent; null if it would."""
    counts: Sequence[CodeCount]
