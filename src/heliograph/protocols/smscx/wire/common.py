"""What the bodies of all resources share."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from heliograph.domain.contacts import MAX_FIELDS

Storable = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""What a column of the store can hold."""
MAX_CONTACTS = 40_000
MAX_PAGE = 500
ContactNumbers = Annotated[list[str], Meta(max_length=MAX_CONTACTS)]
Mapped = Annotated[dict[str, Any], Meta(max_length=MAX_FIELDS)] | Annotated[list[Any], Meta(max_length=MAX_FIELDS)]
"""Values by names. An empty map comes as a list, since PHP writes it so."""

Flag = Annotated[str, Meta(description="true or false, however a language writes it")]
Count = Annotated[str, Meta(description="a number")]
Ours = Annotated[str, Meta(description="known to our own door only")]


class Wire(msgspec.Struct, rename="camel"):
    """The root of all bodies; on the wire their fields are in camel case."""


class PageQuery(Wire, rename=None):
    """The query that says which page of a list is asked for. Everything in a query comes as text."""

    limit: Count = ""
    next: str = ""
    previous: str = ""


class ShortPageQuery(PageQuery, rename=None):
    """The query for a page of a list whose rows may be left out."""

    short_response: Flag = ""


class ExportQuery(Wire, rename=None):
    bom: Ours = ""
    """Whether CSV begins with a byte order mark, as Excel wants it."""


class Paging(Wire):
    next: str | None
    previous: str | None
    size: int | UnsetType = UNSET


class TextAnalysis(Wire):
    length: int
    unicode: bool
    parts: int


class TextIdInfo(Wire):
    id: str


class TextIdReply(Wire):
    info: TextIdInfo
