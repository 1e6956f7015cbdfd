"""Shortlinks."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from heliograph.protocols.smscx.wire.common import Paging, Wire
from heliograph.protocols.smscx.wire.hits import HitRow


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


class ShortlinkHits(Wire):
    info: ShortlinkRow
    data: Sequence[HitRow]
    paging: Paging
