"""Numbers that must not be written to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from heliograph.api.wire.pages import PageSize


class OptOut(msgspec.Struct, kw_only=True):
    number: str
    source: str
    created_at: datetime


class OptOutPage(msgspec.Struct, kw_only=True):
    items: Sequence[OptOut]
    next: str | None


class OptOutQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit: PageSize = 100
    after: str | None = None


class OptOuts(msgspec.Struct, kw_only=True):
    """Numbers that must not be written to."""

    items: Sequence[OptOut]
