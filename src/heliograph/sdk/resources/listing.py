"""Listings that come page after page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from heliograph.sdk import calls
from heliograph.sdk.transport import SyncTransport

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class _Shape(Protocol[T_co]):
    """A page as the server writes it."""

    @property
    def items(self) -> Sequence[T_co]: ...

    @property
    def next(self) -> str | None: ...


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A page of a listing."""

    items: Sequence[T]
    is_last: bool
    """True if there are no more pages."""


class Listing(Iterator[T]):
    """Everything in a listing: iterate over all of it, or take it page by page. Nothing is fetched before that."""

    def __init__(
        self, transport: SyncTransport, shape: type[_Shape[T]], path: Sequence[str], cursor: str, query: calls.Query
    ) -> None:
        """List what is at a path; `cursor` is the parameter that the next page is asked for by."""
        self._transport, self._shape, self._path, self._cursor, self._query = transport, shape, path, cursor, query
        self._at: str | None = None
        self._is_over = False
        self._left: list[T] = []
        """What was fetched and not given yet, the last first."""

    def __iter__(self) -> Listing[T]:
        return self

    def __next__(self) -> T:
        while not self._left:
            page = self.next_page()
            if page is None:
                raise StopIteration
            self._left = list(reversed(page.items))
        return self._left.pop()

    def next_page(self) -> Page[T] | None:
        """Fetch the next page, the first one at first; None after the last. What was iterated over is not in it."""
        if self._left:
            rest, self._left = self._left[::-1], []
            return Page(rest, self._is_over)
        if self._is_over:
            return None
        query = {**self._query, self._cursor: self._at}
        found = self._transport.run(calls.get(self._shape, *self._path, **query))
        self._at, self._is_over = found.next, found.next is None
        return Page(found.items, self._is_over)


def items(
    transport: SyncTransport, shape: type[_Shape[T]], *path: str, cursor: str = "before", **query: calls.QueryValue
) -> Listing[T]:
    """Return everything that is listed at a path."""
    return Listing(transport, shape, path, cursor, query)
