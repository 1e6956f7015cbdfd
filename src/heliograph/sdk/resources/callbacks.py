"""Callbacks: what one's server was told, or is to be told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.resources.listing import Listing, items
from heliograph.sdk.transport import SyncTransport


class Callbacks:
    """Callbacks: what one's server was told, or is to be told."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def list(
        self,
        *,
        state: wire.CallbackState | None = None,
        subject_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 100,
    ) -> Listing[wire.Callback]:
        """Iterate over all callbacks that match, newest first; pages are fetched as they are needed."""
        return items(
            self._transport,
            wire.CallbackPage,
            "callbacks",
            limit=page_size,
            state=state,
            subject_id=subject_id,
            since=since,
            until=until,
        )

    def request(self, callback_id: str) -> wire.CallbackRequest:
        """Read the request that tells one, as it would be made now, without its signature.

        Raises NotFound if connected clients are told instead, or if what it is about is gone.
        """
        path = ("callbacks", callback_id, "request")
        return self._transport.run(calls.get(wire.CallbackRequest, *path))

    def replay(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        ids: Sequence[str] | None = None,
    ) -> int:
        """Have what was given up told anew, of a time or some of it, and return how many. Safe to repeat.

        Each has its old id and facts, and all its attempts again. Raises InvalidField without `since` and `ids`.
        """
        body = wire.Replay(since=since, until=until, ids=None if ids is None else list(ids))
        return (self._transport.run(calls.post(wire.Replayed, body, "callbacks", "replay", repeatable=True))).replayed
