"""The parameters that ask for a page of a listing."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

PageSize = Annotated[int, Meta(ge=1, le=1000)]


class PageQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit: PageSize = 100
    before: str | None = None
