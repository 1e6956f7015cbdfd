"""Texts that are kept to be sent again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from heliograph.api.wire.fields import ChannelName


class Template(msgspec.Struct, kw_only=True):
    """A text that is kept to be sent again."""

    number: int
    name: str
    channel: ChannelName
    text: str
    approved: bool
    created_at: datetime
    etag: str = ""


class Templates(msgspec.Struct, kw_only=True):
    items: Sequence[Template]


class NewTemplate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    text: str
    name: str | None = None
    """The template's name; null names it by the time of its creation."""
    channel: ChannelName = "sms"


class ChangeTemplate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A change of a template: what is left out stays."""

    text: str | None = None
    name: str | None = None
