"""Templates of texts."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from heliograph.protocols.smscx.wire.common import Wire


class RichMedia(Wire):
    image_url: str | None = None
    button_caption: str | None = None
    target_url: str | None = None


class NewTemplate(Wire):
    text: str
    channel: str | UnsetType | None = UNSET
    """The channel; SMS, if it is left out."""
    name: str | UnsetType | None = UNSET
    rich_media: RichMedia | UnsetType | None = UNSET


class UpdateTemplate(Wire):
    name: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    channel: str | UnsetType = UNSET
    rich_media: RichMedia | UnsetType = UNSET


class TemplateInfo(Wire):
    id: int
    name: str
    text: str
    channel: str
    type: str | UnsetType = UNSET
    approved: bool | UnsetType = UNSET


class NewTemplateReply(Wire):
    info: TemplateInfo


class IdInfo(Wire):
    id: int


class IdReply(Wire):
    info: IdInfo


class TemplateRow(Wire):
    id: int
    name: str
    channel: str
    text: str
    created_at: str
    approved: bool


class TemplateList(Wire):
    data: Sequence[TemplateRow]


class TemplateData(TemplateRow):
    type: str | None
    rich_media: RichMedia
    locked: bool


class TemplateReply(Wire):
    data: TemplateData
