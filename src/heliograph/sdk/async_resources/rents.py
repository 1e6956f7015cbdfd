"""Rents: numbers that an account has for some time."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.transport import AsyncTransport


class AsyncRents:
    """Rents: numbers that an account has for some time."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def available(self) -> Sequence[wire.RentableNumber]:
        """List the numbers that nobody has rented."""
        return (await self._transport.run(calls.get(wire.RentableNumbers, "rentable-numbers"))).items

    async def list(self) -> Sequence[wire.Rent]:
        """List the account's rents, newest first, those that are over included."""
        return (await self._transport.run(calls.get(wire.Rents, "rents"))).items

    async def create(
        self,
        number_id: str,
        days: wire.RentDays,
        *,
        auto_renew: bool = False,
        callback_url: str | None = None,
        registration_id: str | None = None,
    ) -> wire.Rent:
        """Rent a number for 1, 7 or 30 days. Raises NumberTaken if somebody was quicker, InsufficientCredit."""
        body = wire.NewRent(
            number_id=number_id,
            days=days,
            auto_renew=auto_renew,
            callback_url=callback_url,
            registration_id=registration_id,
        )
        return await self._transport.run(calls.post(wire.Rent, body, "rents"))

    async def get(self, rent_id: str) -> wire.Rent:
        """Get a rent, with what came to the number and went from it."""
        return await self._transport.run(calls.get(wire.Rent, "rents", rent_id))

    async def change(
        self,
        rent_id: str,
        *,
        auto_renew: bool | UnsetType = UNSET,
        callback_url: str | UnsetType | None = UNSET,
    ) -> wire.Rent:
        """Change whether a rent goes on by itself, and where its messages are told; what is left out stays."""
        body = wire.ChangeRent(auto_renew=auto_renew, callback_url=callback_url)
        return await self._transport.run(calls.patch(wire.Rent, body, "rents", rent_id))

    async def renew(self, rent_id: str, *, days: wire.RentDays | None = None) -> wire.Rent:
        """Add a period, of as many days as the last one if none are said. Raises Locked if the rent is over."""
        return await self._transport.run(calls.post(wire.Rent, wire.RenewRent(days=days), "rents", rent_id, "renew"))

    async def cancel(self, rent_id: str) -> None:
        """Give a number back: within 30 minutes, and before anybody wrote to it. Raises TooLate, Locked."""
        await self._transport.run(calls.without_answer("DELETE", "rents", rent_id))
