"""Who followed a shortlink or opened an attachment."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from heliograph.protocols.smscx.wire.common import Wire


class HitRow(Wire):
    hit_id: int
    device: str | None
    browser: str | None
    browser_version: str | None
    os: str | None
    os_version: str | None
    brand: str | None
    model: str | None
    screen_resolution: str | None
    accept_language: str | None
    referrer: str | None
    ip_address: str | None
    country_iso: str | None
    city: str | None
    datetime: str
    phone_number: str | UnsetType | None = UNSET
    phone_number_country_iso: str | UnsetType | None = UNSET
    campaign_id: str | UnsetType | None = UNSET
    group_id: str | UnsetType | None = UNSET
