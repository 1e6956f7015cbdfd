"""Pages of long lists. Cursors are opaque to customers: which way to go on, and the key of the row to go on from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypedDict, TypeVar

from heliograph.domain.bounded import count_in, whole_number
from heliograph.domain.errors import InvalidField
from heliograph.protocols.smscx.door import reading
from heliograph.protocols.smscx.wire.common import MAX_PAGE, PageQuery, Paging, ShortPageQuery

T = TypeVar("T")

_OLDER, _NEWER = "o", "n"


class Range(TypedDict):
    """The rows that a service is asked for."""

    limit: int
    before: str | None
    after: str | None


class Page(NamedTuple, Generic[T]):
    """What is shown of a list, and how to go on from there."""

    rows: list[T]
    paging: Paging


class Place(NamedTuple):
    """Where in a list a page is."""

    limit: int
    before: str | None
    after: str | None
    without_rows: bool

    @property
    def range(self) -> Range:
        """Return the rows to ask for: one more than is shown, which says whether there are more."""
        return Range(limit=self.limit + 1, before=self.before, after=self.after)

    def page(self, found: list[T], key: Callable[[T], str]) -> Page[T]:
        """Build the page from what was found in the range;

        `key` gives the key by which its service knows a row's place.
        """
        more = len(found) > self.limit
        going_back = self.after is not None
        shown = found if not more else found[1:] if going_back else found[: self.limit]
        older = bool(shown) and (more or going_back)
        newer = bool(shown) and (more if going_back else self.before is not None)
        paging = Paging(
            next=_OLDER + key(shown[-1]) if older else None,
            previous=_NEWER + key(shown[0]) if newer else None,
            size=len(shown),
        )
        return Page([] if self.without_rows else shown, paging)


def place(query: PageQuery) -> Place:
    """Read which page is asked for. Raises InvalidField for a limit outside 1 to 500, or a cursor not made by us."""
    limit = whole_number(query.limit or str(MAX_PAGE), range(1, MAX_PAGE + 1))
    if limit is None:
        raise InvalidField(f"`limit` is a number from 1 to {MAX_PAGE}.", field="limit")
    before, after = None, None
    for cursor in (query.next, query.previous):
        if cursor.startswith(_OLDER):
            before = cursor[1:]
        elif cursor.startswith(_NEWER):
            after = cursor[1:]
        elif cursor:
            raise InvalidField("This cursor is none of ours.", field="next")
    short = isinstance(query, ShortPageQuery) and reading.flag(query.short_response)
    return Place(limit, before, after, without_rows=short)


def counted(key: str | None) -> int | None:
    """Read the number in the cursor of a list whose rows are numbered; None if there is no cursor.

    Raises InvalidField for one that we did not make.
    """
    if key is None:
        return None
    found = count_in(key)
    if found is None:
        raise InvalidField("This cursor is none of ours.", field="next")
    return found
