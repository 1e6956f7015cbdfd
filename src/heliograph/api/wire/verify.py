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
    """With `${code}` in it."""
    originator: str | None = msgspec.field(name="from", default=None)
    kind: Literal["digits", "letters", "alphanumeric"] = "digits"
    length: int = 6
    """4 to 10 characters."""
    ttl_s: int = 300
    """60 to 1800 seconds."""
    max_attempts: int = 3
    """1 to 10."""
    address: ShortText | None = None
    """Of whoever is to prove that the number is theirs (an IP address, say): codes are limited for each."""
    client_reference: ShortText | None = None
    callback_url: str | None = None


class Verification(msgspec.Struct, kw_only=True):
    """A one-time code on its way, and what came of it."""

    id: str
    to: str
    status: Literal["pending", "verified", "expired", "canceled", "failed"]
    attempts: int
    """Wrong codes so far."""
    max_attempts: int
    sends: int
    """How many messages with a code there were."""
    expires_at: datetime
    settled_at: datetime | None
    price: str
    client_reference: str | None
    created_at: datetime


class CheckCode(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    code: str


class CodeCount(msgspec.Struct, kw_only=True):
    """What the account has sent to numbers that begin alike."""

    prefix: str
    """Digits of E.164; empty: all numbers."""
    this_minute: int
    last_minute: int
    last_hour: int
    """Without these two minutes: people need time to type."""
    entered: int
    """Of the last hour's codes, so far."""
    last_day: int


class CodeOutlook(msgspec.Struct, kw_only=True):
    """Whether a number would be sent a code now."""

    to: str
    allowed: bool
    why: Literal["number", "kind", "country", "limit", "slowed", "stopped"] | None
    explanation: str | None
    """Why not; null if it would."""
    counts: Sequence[CodeCount]
