"""Erasures of one person's number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from heliograph.api.wire.fields import ShortText
from heliograph.api.wire.pages import PageSize


class EraseOwn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    number: ShortText
    dry_run: bool = False
    """Only say what names it."""


class Erase(EraseOwn, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    account: ShortText | None = None
    """Only from the data of this account, by its id or name; null: from the data of all."""
    forget_optouts: bool = False
    """Its opt-outs, too: it may be written to again."""


class ErasuresQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit: PageSize = 100


class PastErasure(msgspec.Struct, kw_only=True):
    """What an erasure found when it was asked for; of which number is not kept."""

    at: datetime
    rows: Mapping[str, int]
    """Rows by table, as far as they named the number."""
    canceled: int
    optouts_kept: int


class PastErasures(msgspec.Struct, kw_only=True):
    items: Sequence[PastErasure]


class Erasure(msgspec.Struct, kw_only=True):
    """What went, or would go."""

    rows: Mapping[str, int]
    """Rows by table that were deleted or emptied; of a dry run, those that would be, as far as they name the number."""
    canceled: int
    """Messages that waited to be sent."""
    on_their_way: int
    """Messages that a provider has, and batches whose messages are being made: ask again when they have ended."""
    optouts_kept: int
