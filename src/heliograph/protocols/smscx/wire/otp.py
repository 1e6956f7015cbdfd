"""One-time codes."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.protocols.smscx.wire.common import Wire


class NewOtp(Wire, kw_only=True):
    """A request for a one-time code; fields that are left out are as the calling application has set them."""

    phone_number: str
    country_iso: str | UnsetType | None = UNSET
    from_: str | UnsetType | None = msgspec.field(name="from", default=UNSET)
    template: str | UnsetType | None = UNSET
    track_id: str | UnsetType | None = UNSET
    ttl: int | str | UnsetType | None = UNSET
    max_attempts: int | str | UnsetType | None = UNSET
    pin_type: str | UnsetType | None = UNSET
    pin_length: int | str | UnsetType | None = UNSET
    otp_callback_url: str | UnsetType | None = UNSET


class VerifyPin(Wire):
    pin: str | int


class Otp(Wire):
    otp_id: str
    track_id: str | None
    phone_number: str
    country_iso: str
    status: str
    cost: float
    parts: int
    max_attempts: int
    attempts: int
    ttl: int
    otp_callback_url: str | None
    date_created: str
    date_expires: str


class VerifiedPin(Wire):
    status: str
