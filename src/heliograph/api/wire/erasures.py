"""Erasures of one person's number."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from heliograph.api.wire.fields import ShortText


class EraseOwn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    number: ShortText
    dry_run: bool = False
    """Only say what names it."""


class Erase(EraseOwn, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    account: ShortText | None = None
    """Only from the data of this account, by its id or name; null: from the data of all."""
    forget_optouts: bool = False
    """Its opt-outs, too: it may be written to again."""


class Erasure(msgspec.Struct, kw_only=True):
    """What went, or would go."""

    rows: Mapping[str, int]
    """Rows by table that were deleted or emptied; of a dry run, those that would be, as far as they name the number."""
    canceled: int
    """Messages that waited to be sent."""
    on_their_way: int
    """Messages that a provider has, and batches whose messages are being made: ask again when they have ended."""
    optouts_kept: int
