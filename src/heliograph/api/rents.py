"""Operations on rents: numbers that an account has for some time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import UNSET

from heliograph.api import wire
from heliograph.api.resource import PROTOCOL, NativeResource
from heliograph.api.values import money
from heliograph.domain.accounts import Scope
from heliograph.domain.errors import InvalidField
from heliograph.domain.rents import Terms
from heliograph.doors import Call, Operation
from heliograph.numbers import with_plus
from heliograph.services.rents import RentWithTraffic


class Rents(NativeResource):
    operations = (
        Operation(
            name="list_rentable_numbers",
            method="GET",
            path="/rentable-numbers",
            scope=Scope.NUMBERS,
            response=wire.RentableNumbers,
            summary="List the numbers that nobody has rented",
        ),
        Operation(
            name="list_rents",
            method="GET",
            path="/rents",
            scope=Scope.NUMBERS,
            response=wire.Rents,
            summary="List the account's rents, newest first, those that are over included",
        ),
        Operation(
            name="create_rent",
            method="POST",
            path="/rents",
            scope=Scope.NUMBERS,
            request=wire.NewRent,
            response=wire.Rent,
            status=201,
            summary="Rent a number",
        ),
        Operation(
            name="get_rent",
            method="GET",
            path="/rents/{rent_id}",
            scope=Scope.NUMBERS,
            response=wire.Rent,
            summary="Get a rent, with what came to the number and went from it",
        ),
        Operation(
            name="change_rent",
            method="PATCH",
            path="/rents/{rent_id}",
            scope=Scope.NUMBERS,
            request=wire.ChangeRent,
            response=wire.Rent,
            summary="Change whether a rent goes on by itself, and where its messages are told",
        ),
        Operation(
            name="renew_rent",
            method="POST",
            path="/rents/{rent_id}/renew",
            scope=Scope.NUMBERS,
            request=wire.RenewRent,
            may_be_empty=True,
            response=wire.Rent,
            summary="Add a period at the end of a rent",
        ),
        Operation(
            name="cancel_rent",
            method="DELETE",
            path="/rents/{rent_id}",
            scope=Scope.NUMBERS,
            status=204,
            summary="Give a number back: within 30 minutes, and before anybody wrote to it",
        ),
    )

    async def list_rentable_numbers(self, call: Call[None, None]) -> wire.RentableNumbers:
        return wire.RentableNumbers(items=[shown_terms(each) for each in await self._services.rents.available()])

    async def list_rents(self, call: Call[None, None]) -> wire.Rents:
        return wire.Rents(items=[shown_rent(each) for each in await self._services.rents.all(call.account)])

    async def create_rent(self, call: Call[None, wire.NewRent]) -> wire.Rent:
        body = call.body
        with _days():
            rent = await self._services.rents.rent(
                call.account,
                body.number_id,
                body.days,
                protocol=PROTOCOL,
                auto_renew=body.auto_renew,
                callback_url=body.callback_url,
                registration_id=body.registration_id,
            )
        return shown_rent(await self._services.rents.get(call.account, rent.id))

    async def get_rent(self, call: Call[None, None]) -> wire.Rent:
        return shown_rent(await self._services.rents.get(call.account, call.path["rent_id"]))

    async def change_rent(self, call: Call[None, wire.ChangeRent]) -> wire.Rent:
        body, rent_id = call.body, call.path["rent_id"]
        auto_renew = None if body.auto_renew is UNSET else body.auto_renew
        await self._services.rents.change(call.account, rent_id, auto_renew=auto_renew, callback_url=body.callback_url)
        return shown_rent(await self._services.rents.get(call.account, rent_id))

    async def renew_rent(self, call: Call[None, wire.RenewRent]) -> wire.Rent:
        rent_id = call.path["rent_id"]
        with _days():
            await self._services.rents.renew(call.account, rent_id, days=call.body.days)
        return shown_rent(await self._services.rents.get(call.account, rent_id))

    async def cancel_rent(self, call: Call[None, None]) -> None:
        await self._services.rents.cancel(call.account, call.path["rent_id"])


@contextmanager
def _days() -> Iterator[None]:
    """Name the field of this API that a period which a number is not rented for stands in."""
    try:
        yield
    except InvalidField as error:
        if error.field in {"rent_period", "rent_too_short"}:
            raise InvalidField(error.message, field="days") from error
        raise


def shown_terms(terms: Terms) -> wire.RentableNumber:
    return wire.RentableNumber(
        number_id=terms.number_id,
        number=with_plus(terms.msisdn),
        country=terms.country,
        network=terms.network,
        kind=terms.kind,
        receives=terms.receives,
        sends=terms.sends,
        speaks=terms.speaks,
        any_originator=terms.any_originator,
        needs_registration=terms.needs_registration,
        instantly=terms.instantly,
        setup_price=money(terms.setup_price),
        prices=[wire.RentPrice(days=_period(days), price=money(price)) for days, price in sorted(terms.prices.items())],
        inbound_price=money(terms.inbound_price),
    )


def shown_rent(found: RentWithTraffic) -> wire.Rent:
    rent, traffic = found.rent, found.traffic
    return wire.Rent(
        id=rent.id,
        number=with_plus(rent.terms.msisdn),
        country=rent.terms.country,
        days=_period(rent.days),
        begins_at=rent.begins_at,
        ends_at=rent.ends_at,
        auto_renew=rent.auto_renew,
        callback_url=rent.callback_url,
        registration_id=rent.registration_id,
        approved=rent.approved,
        active=rent.active,
        price=money(rent.price),
        setup_price=money(rent.setup_price),
        received=traffic.received,
        received_price=money(traffic.received_price),
        sent=traffic.sent,
        sent_price=money(traffic.sent_price),
        created_at=rent.created_at,
    )


def _period(days: int) -> wire.RentDays:
    if days == 1:
        return 1
    return 7 if days == 7 else 30
