"""How a listing is asked for."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

PageSize = Annotated[int, Meta(ge=1, le=1000)]


class PageQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit: PageSize = 100
    before: str | None = None
