"""Numbers that can be rented, and numbers that are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heliograph.domain.errors import InvalidField
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.rents import Terms
from heliograph.doors import Call
from heliograph.numbers import UNNUMBERED
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.refusals import invalid_param
from heliograph.protocols.smscx.door.resource import SmscxResource, operation
from heliograph.protocols.smscx.wire import rents as wire
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.rents import RentWithTraffic

_RECEIVES, _SENDS, _SPEAKS = 1, 2, 4
"""What a rented number can do; a number's features are their sum (reference: section 8)."""


class RentLists(SmscxResource):
    operations = (
        operation(
            "GET",
            "/numbers/rent/available/{country_iso}",
            "get_available_numbers",
            "List what can be rented in a country. `features` is a sum: 1 receives SMS, 2 sends them.",
            query=wire.AvailableQuery,
            response=wire.AvailableNumbers,
        ),
        operation(
            "GET",
            "/numbers/rent",
            "get_rented_numbers",
            "List the numbers that the account has and had rented, newest first.",
            query=wire.RentedQuery,
            response=wire.RentedNumbers,
        ),
    )

    async def get_available_numbers(self, call: Call[wire.AvailableQuery, None]) -> wire.AvailableNumbers:
        query = call.query
        asked = call.path["country_iso"].upper()
        if reading.country(asked) is None and asked not in UNNUMBERED:
            raise invalid_param(Code.COUNTRY_UNKNOWN, f"There is no country {asked!r}.")
        features = _features(query.features)
        delayed = {"": None, "instant": False, "delayed": True}.get(query.setup_time.lower())
        now = shapes.when(from_ms(now_ms()))
        return wire.AvailableNumbers(
            data=[
                _available(terms, now)
                for terms in await self._services.rents.available()
                if terms.country == asked
                and _matches(terms, features, query.number_type, query.inbound_sms_sender, query.include, query.exclude)
                and (delayed is None or terms.instantly is not delayed)
                and (not query.registration or terms.needs_registration is reading.flag(query.registration))
            ]
        )

    async def get_rented_numbers(self, call: Call[wire.RentedQuery, None]) -> wire.RentedNumbers:
        query = call.query
        features = _features(query.features)
        return wire.RentedNumbers(
            data=[
                rented_number(each)
                for each in await self._services.rents.all(call.account)
                if _matches(
                    each.rent.terms,
                    features,
                    query.number_type,
                    query.inbound_sms_sender,
                    query.include,
                    query.exclude,
                )
                and (not query.country_iso or each.rent.terms.country == query.country_iso.upper())
                and (not query.active_rent or each.rent.active is reading.flag(query.active_rent))
            ]
        )


def _features(text: str) -> int:
    if text not in {"", "1", "2", "3"}:
        raise InvalidField("`features` is 1, 2 or 3.", field="features")
    return int(text or 0)


def _sum_of_features(terms: Terms) -> int:
    return _RECEIVES * terms.receives + _SENDS * terms.sends + _SPEAKS * terms.speaks


def _matches(terms: Terms, features: int, kind: str, any_originator: str, include: str, exclude: str) -> bool:
    return (
        _sum_of_features(terms) & features == features
        and kind.lower() in {"", terms.kind}
        and (not any_originator or terms.any_originator is reading.flag(any_originator))
        and include in terms.msisdn
        and (not exclude or exclude not in terms.msisdn)
    )


def _periods(prices: Mapping[int, int]) -> list[wire.PeriodCost]:
    return [wire.PeriodCost(days=days, cost=shapes.money(price)) for days, price in sorted(prices.items())]


def _common(terms: Terms) -> dict[str, Any]:
    return {
        "number_id": to_uuid(terms.number_id),
        "phone_number": f"+{terms.msisdn}",
        "country_iso": terms.country,
        "network_operator": terms.network,
        "features": _sum_of_features(terms),
        "number_type": terms.kind,
        "inbound_sms_cost": shapes.money(terms.inbound_price),
        "outbound_sms_cost": None if terms.outbound_price is None else shapes.money(terms.outbound_price),
        "setup_cost": shapes.money(terms.setup_price),
        "min_rent": terms.shortest,
        "inbound_sms_sender": terms.any_originator,
    }


def _available(terms: Terms, now: str) -> wire.AvailableNumber:
    return wire.AvailableNumber(
        **_common(terms),
        rent_cost=_periods(terms.prices),
        setup_time="instant" if terms.instantly else "delayed",
        registration=terms.needs_registration,
        datetime=now,
    )


def rented_number(each: RentWithTraffic) -> wire.RentedNumber:
    rent, traffic = each
    return wire.RentedNumber(
        **_common(rent.terms),
        rent_id=to_uuid(rent.id),
        rent_cost=shapes.money(rent.price),
        rent_period=rent.days,
        rent_start=shapes.when(rent.begins_at),
        rent_end=shapes.when(rent.ends_at),
        renew_cost=_periods(rent.terms.prices),
        inbound_sms=wire.SmsTotal(total=traffic.received, cost=shapes.money(traffic.received_price)),
        outbound_sms=wire.SmsTotal(total=traffic.sent, cost=shapes.money(traffic.sent_price)),
        callback_url=rent.callback_url,
        auto_renew=rent.auto_renew,
        active_rent=rent.active,
        approved=rent.approved,
        datetime=shapes.when(rent.created_at),
    )
