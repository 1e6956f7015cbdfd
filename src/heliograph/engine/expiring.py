"""Jobs that end what ends by itself: codes that nobody typed, and rents of numbers."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec

from heliograph.domain.instants import now_ms
from heliograph.domain.rents import Rent
from heliograph.engine.jobs import Job
from heliograph.store import Store
from heliograph.store.rents import end_due_rents, next_rent_end
from heliograph.store.verifications import expire_verifications, next_verification_expiry


class ExpiringCodes(Job):
    name = "expiring codes"

    def __init__(self, store: Store, on_events: asyncio.Event) -> None:
        """Set `on_events` when somebody may have to be told."""
        super().__init__(asyncio.Event())
        self._store = store
        self._on_events = on_events

    async def do_some(self) -> bool:
        if (due_at := await self.next_due_ms()) is None or due_at > now_ms():
            return False
        expired = await self._store.write(expire_verifications, now_ms())
        self._on_events.set()
        return bool(expired)

    async def next_due_ms(self) -> int | None:
        return await self._store.read(next_verification_expiry)


class EndingRents(Job):
    name = "ending rents"

    def __init__(self, store: Store) -> None:
        super().__init__(asyncio.Event())
        self._store = store

    async def do_some(self) -> bool:
        if (due_at := await self.next_due_ms()) is None or due_at > now_ms():
            return False
        return bool(await self._store.write(end_due_rents, now_ms(), renewed))

    async def next_due_ms(self) -> int | None:
        return await self._store.read(next_rent_end)


def renewed(rent: Rent, days: int | None = None) -> Rent:
    """Add another period at the end of a rent, as long as the last one or of so many days."""
    days = days or rent.days
    return msgspec.structs.replace(
        rent, days=days, ends_at=rent.ends_at + timedelta(days=days), price=rent.terms.prices[days]
    )
