"""Renting numbers from what the operator of this platform lets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import NamedTuple

import msgspec

from heliograph.domain.accounts import Account
from heliograph.domain.errors import (
    InvalidField,
    Locked,
    NotFound,
    NumberTaken,
    TooLate,
)
from heliograph.domain.filters import InboundFilter
from heliograph.domain.ids import new_id
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.rents import NO_TRAFFIC, PERIODS, SECOND_THOUGHTS, Rent, Terms, Traffic
from heliograph.engine.engine import Engine
from heliograph.engine.expiring import renewed
from heliograph.store.inbound import count_inbound
from heliograph.store.rents import (
    add_rent,
    cancel_rent,
    change_rent,
    rent_by_id,
    rented_numbers,
    rents_of,
    traffic_of,
)

_Edit = Callable[[Rent], Rent]


class RentWithTraffic(NamedTuple):
    rent: Rent
    traffic: Traffic


class Rents:
    """The numbers that an account rents. Raises NotFound for a rent that the account does not have."""

    def __init__(self, engine: Engine, inventory: Sequence[Terms]) -> None:
        self._engine = engine
        self._store = engine.store
        self._inventory = {terms.number_id: terms for terms in inventory}

    async def available(self) -> list[Terms]:
        """List the numbers that nobody has rented, in the order of the settings."""
        taken = await self._store.read(rented_numbers)
        return [terms for number_id, terms in self._inventory.items() if number_id not in taken]

    async def rent(
        self,
        account: Account,
        number_id: str,
        days: int,
        *,
        protocol: str,
        auto_renew: bool = False,
        callback_url: str | None = None,
        registration_id: str | None = None,
    ) -> Rent:
        """Rent a number for so many days.

        Raises NotFound if there is no such number; NumberTaken; InvalidField for `days` or `registration_id`;
        InvalidCallbackUrl; InsufficientCredit.
        """
        terms = self._inventory.get(number_id)
        if terms is None:
            raise NotFound("There is no such number to be rented.")
        price = _price(terms, days)
        if registration_id is not None and not terms.needs_registration:
            raise InvalidField("This number needs no registration.", field="registration_id")
        self._engine.guard.require(callback_url)
        now = from_ms(now_ms())
        rent = Rent(
            id=new_id(),
            account_id=account.id,
            terms=terms,
            days=days,
            begins_at=now,
            ends_at=now + timedelta(days=days),
            auto_renew=auto_renew,
            callback_url=callback_url,
            protocol=protocol,
            registration_id=registration_id,
            price=price,
            setup_price=terms.setup_price,
            active=True,
            created_at=now,
        )
        if not await self._store.write(add_rent, rent, now_ms()):
            raise NumberTaken()
        return rent

    async def get(self, account: Account, rent_id: str) -> RentWithTraffic:
        rent = await self._found(account, rent_id)
        traffic = await self._store.read(traffic_of, account.id, [rent])
        return RentWithTraffic(rent, traffic.get(rent.id, NO_TRAFFIC))

    async def all(self, account: Account) -> list[RentWithTraffic]:
        """List all rents, newest first, those that are over included."""
        found = await self._store.read(rents_of, account.id)
        traffic = await self._store.read(traffic_of, account.id, found)
        return [RentWithTraffic(rent, traffic.get(rent.id, NO_TRAFFIC)) for rent in found]

    async def _found(self, account: Account, rent_id: str) -> Rent:
        rent = await self._store.read(rent_by_id, account.id, rent_id)
        if rent is None:
            raise NotFound("There is no such rent in this account.")
        return rent

    async def renew(
        self,
        account: Account,
        rent_id: str,
        *,
        days: int | None = None,
        auto_renew: bool | None = None,
        callback_url: str | msgspec.UnsetType | None = msgspec.UNSET,
    ) -> Rent:
        """Add a period at the end. Raises Locked if it is over, InvalidField, InvalidCallbackUrl, InsufficientCredit.

        `days` is the length of the period; None: as long as the last one.
        """

        def edit(before: Rent) -> Rent:
            if not before.active:
                raise Locked("This rent is over.")
            _price(before.terms, days or before.days)
            return _changed(renewed(before, days), auto_renew, callback_url)

        return await self._change(account, rent_id, edit, callback_url)

    async def change(
        self,
        account: Account,
        rent_id: str,
        *,
        auto_renew: bool | None = None,
        callback_url: str | msgspec.UnsetType | None = msgspec.UNSET,
    ) -> Rent:
        """Change if a rent goes on by itself, and where its inbound messages are told. Raises InvalidCallbackUrl."""
        return await self._change(
            account, rent_id, lambda before: _changed(before, auto_renew, callback_url), callback_url
        )

    async def _change(
        self, account: Account, rent_id: str, edit: _Edit, callback_url: str | msgspec.UnsetType | None
    ) -> Rent:
        self._engine.guard.require(callback_url)
        found = await self._store.write(change_rent, account.id, rent_id, edit, now_ms())
        if found is None:
            raise NotFound("There is no such rent in this account.")
        return found[1]

    async def cancel(self, account: Account, rent_id: str) -> Rent:
        """Give a number back; the price of the rent is returned, that of the setup is not.

        Raises TooLate after half an hour, or when it is over; Locked once somebody has written to it.
        """
        rent = await self._found(account, rent_id)
        if not rent.active or from_ms(now_ms()) - rent.begins_at > SECOND_THOUGHTS:
            raise TooLate("A rent can be given back within 30 minutes.")
        if await self._store.read(count_inbound, account.id, InboundFilter(rent_id=rent.id)):
            raise Locked("Somebody has written to this number.")
        if not await self._store.write(cancel_rent, rent, now_ms()):
            raise TooLate("This rent is over.")
        return rent


def _price(terms: Terms, days: int) -> int:
    if days not in PERIODS:
        raise InvalidField("A number is rented for 1, 7 or 30 days.", field="rent_period")
    price = terms.prices.get(days)
    if price is None:
        raise InvalidField(f"This number is rented for {terms.shortest} days at least.", field="rent_too_short")
    return price


def _changed(rent: Rent, auto_renew: bool | None, callback_url: str | msgspec.UnsetType | None) -> Rent:
    return msgspec.structs.replace(
        rent,
        auto_renew=rent.auto_renew if auto_renew is None else auto_renew,
        callback_url=rent.callback_url if isinstance(callback_url, msgspec.UnsetType) else callback_url,
    )
