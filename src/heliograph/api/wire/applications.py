"""Programs that act for the account by access tokens of SMS.CX."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from heliograph.api.wire.fields import ShortText

ScopeList = Annotated[list[str], Meta(max_length=100)]
AreaSettings = Annotated[dict[str, Annotated[dict[str, Any], Meta(max_length=100)]], Meta(max_length=100)]


class Application(msgspec.Struct, kw_only=True):
    """A program that acts for the account by access tokens of SMS.CX."""

    id: str
    name: str
    secret: str
    scopes: Sequence[str]
    token_lifetime_s: int | None
    """How long its tokens are good, in seconds; null: for ever."""
    settings: dict[str, Any]
    """Its settings by area, with the names that SMS.CX has for them."""
    created_at: datetime


class Applications(msgspec.Struct, kw_only=True):
    items: Sequence[Application]


class NewApplication(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: ShortText
    scopes: ScopeList
    token_lifetime_s: Annotated[int, Meta(ge=60, le=100 * 366 * 86_400)] | None = 86_400
    settings: AreaSettings = {}


class ChangeApplication(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A change of an application: what is left out stays, also within `settings`."""

    name: ShortText | None = None
    scopes: ScopeList | None = None
    settings: AreaSettings = {}
