"""Messages from phones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.resources.listing import Listing, items
from heliograph.sdk.transport import SyncTransport


class Inbound:
    """Inbound messages: what phones have sent."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def get(self, inbound_id: str) -> wire.Inbound:
        """Get an inbound message. Raises NotFound if the account has no such message."""
        return self._transport.run(calls.get(wire.Inbound, "inbound", inbound_id))

    def delete(self, inbound_id: str) -> None:
        """Delete an inbound message. Raises NotFound if the account has no such message."""
        self._transport.run(calls.without_answer("DELETE", "inbound", inbound_id))

    def list(
        self,
        *,
        to: str | None = None,
        number: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 100,
    ) -> Listing[wire.Inbound]:
        """Iterate over all inbound messages that match, newest first; pages are fetched as they are needed.

        `to` is the originator that was written to, `number` who wrote.
        """
        return items(
            self._transport, wire.InboundPage, "inbound", limit=page_size, to=to, from_=number, since=since, until=until
        )

    def events(
        self, *, to: str | None = None, number: str | None = None, after: str | None = None
    ) -> Iterator[wire.Inbound]:
        """Iterate over inbound messages as they come, from now on, or from the message `after` on: this never ends.

        `to` is the originator that is written to, `number` who writes. After an interruption it goes on by itself; a
        message may come twice then, and after the message `after`, with the same id.
        """
        return self._transport.follow(wire.Inbound, "inbound", "events", after=after, to=to, from_=number)
