"""Shortlinks and attachments, and who followed them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from heliograph.protocols.smscx.wire.common import Paging, Wire


class NewShortlink(Wire):
    url: str
    name: str | UnsetType | None = UNSET


class UpdateShortlink(Wire):
    name: str | UnsetType | None = UNSET
    url: str | UnsetType | None = UNSET


class NewShortlinkInfo(Wire):
    id: str
    name: str
    original_url: str
    short_url: str


class NewShortlinkReply(Wire):
    info: NewShortlinkInfo


class ShortlinkRow(Wire):
    id: str
    name: str
    short_url: str
    original_url: str
    hits: int
    date_created: str


class ShortlinkList(Wire):
    data: Sequence[ShortlinkRow]


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


class ShortlinkHits(Wire):
    info: ShortlinkRow
    data: Sequence[HitRow]
    paging: Paging


class AttachmentRow(Wire):
    id: str
    name: str
    short_url: str
    file_url: str
    file_type: str
    hits: int
    date_created: str


class AttachmentList(Wire):
    data: Sequence[AttachmentRow]


class AttachmentHits(Wire):
    info: AttachmentRow
    data: Sequence[HitRow]
    paging: Paging
