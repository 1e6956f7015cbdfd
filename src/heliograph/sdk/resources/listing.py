"""Listings that come page after page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from heliograph.sdk import calls
from heliograph.sdk.transport import SyncTransport


def items(
    transport: SyncTransport, shape: type[Any], *path: str, cursor: str = "before", **query: Any
) -> Iterator[Any]:
    """Yield everything in a listing; pages are fetched as they are needed."""
    at: str | None = None
    while True:
        page = transport.run(calls.get(shape, *path, **query, **{cursor: at}))
        for item in page.items:
            yield item
        at = page.next
        if at is None:
            return
