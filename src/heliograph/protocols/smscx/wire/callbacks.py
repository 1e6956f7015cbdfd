"""What is called back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from heliograph.protocols.smscx.wire.common import Wire
from heliograph.protocols.smscx.wire.lookups import Lookup
from heliograph.protocols.smscx.wire.otp import Otp
from heliograph.protocols.smscx.wire.rents import InboundItem


class LookupItem(Lookup, kw_only=True):
    """A lookup as a callback tells it."""

    lookup_bulk_id: str | None


class DlrItem(Wire):
    campaign_id: str
    msg_id: str
    status_code: int
    status: str
    error_code: int | None
    datetime: str
    track_data: str | UnsetType | None = UNSET


class HitItem(Wire, kw_only=True):
    """A hit as a callback tells it: what a listing has null for is empty here, since their model takes no nulls."""

    hit_id: int
    shortlink_id: str
    url: str
    device: str
    browser: str
    browser_version: str
    os: str
    os_version: str
    brand: str
    model: str
    screen_resolution: str
    accept_language: str
    referrer: str | None
    ip_address: str
    country_iso: str
    city: str
    datetime: str
    phone_number: str | UnsetType = UNSET
    campaign_id: str | None
    group_id: str | None


class OptoutItem(Wire, kw_only=True):
    hit_id: int
    optout_id: str
    optout_url: str
    optout_type: str
    country_iso: str
    datetime: str
    phone_number: str | None
    campaign_id: str | None
    group_id: str | None


class Callback(Wire):
    event: str
    data: Sequence[DlrItem | InboundItem | HitItem | OptoutItem | Otp | LookupItem] | list[Any]
