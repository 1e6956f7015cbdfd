"""Reports: sums of what was sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.transport import AsyncTransport


class AsyncReports:
    """Reports: sums of what was sent."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def messages(
        self,
        *,
        since: datetime,
        until: datetime | None = None,
        batch_id: str | None = None,
        tag: str | None = None,
    ) -> Sequence[wire.SumRow]:
        """Sum what was accepted in a time, 93 days at most, by day, country, channel and what became of it.

        `since` is inclusive, `until` is not; None: until now.
        """
        call = calls.get(wire.SumRows, "reports", "messages", since=since, until=until, batch_id=batch_id, tag=tag)
        return (await self._transport.run(call)).items
