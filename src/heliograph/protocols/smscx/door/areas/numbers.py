"""Numbers: validating, looking up, and renting them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET
from starlette.responses import Response

from heliograph.domain.errors import (
    InvalidCallbackUrl,
    InvalidField,
    Locked,
    NoCoverage,
    NumberTaken,
    TooLate,
)
from heliograph.domain.filters import InboundFilter
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.lookups import LineStatus, Lookup, Network, told_of
from heliograph.domain.rents import Rent, Terms
from heliograph.doors import AnyCall, Call
from heliograph.numbers import COUNTRIES, UNNUMBERED
from heliograph.protocols.shared.uuids import is_random_uuid, to_uuid
from heliograph.protocols.smscx import wire
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.areas.area import Area, Chunks, csv_file, xlsx_file
from heliograph.protocols.smscx.door.paging import place
from heliograph.protocols.smscx.door.reading import country
from heliograph.protocols.smscx.door.refusals import SmscxRefusal, invalid_param
from heliograph.protocols.smscx.door.sending import PROTOCOL, settings_of
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.services.exports import Cell
from heliograph.services.numbers import Facts
from heliograph.services.rents import RentWithTraffic

_RECEIVES, _SENDS, _SPEAKS = 1, 2, 4
"""What a number can do, as a sum (reference: section 8)."""
_NEVER_SAID = "Not known"
_HEADER = (
    "lookupId",
    "phoneNumber",
    "countryIso",
    "status",
    "statusDescription",
    "mccmnc",
    "originalNetwork",
    "ported",
    "portedNetwork",
    "roaming",
    "roamingNetwork",
    "roamingCountryIso",
    "cost",
    "datetime",
)


class NumbersArea(Area):
    async def validate_number(self, call: Call[None, None]) -> wire.numbers.ValidatedReply:
        facts = self._services.numbers.validate(call.path["phone_number"], call.account.default_region)
        return wire.numbers.ValidatedReply(data=wire.numbers.Validated(f"+{facts.msisdn}", *_of_plan(facts)))

    async def validate_numbers(self, call: Call[None, wire.numbers.ManyNumbers]) -> wire.numbers.ValidatedList:
        body = call.body
        numbers = _listed(body)
        region = country(body.country_iso) or call.account.default_region
        found = await self._services.numbers.validate_many(numbers, region)
        rows = await aside(len(found) > MANY_NUMBERS, list, map(_validated, found))
        invalid = sum(row.invalid for row in rows)
        return wire.numbers.ValidatedList(
            info=wire.numbers.ValidatedInfo(
                total_phone_numbers=len(rows),
                total_valid=len(rows) - invalid,
                total_invalid=invalid,
                phone_numbers_by_country=shapes.by_country([each.country for each in found if isinstance(each, Facts)]),
            ),
            data=rows,
        )

    async def lookup_number(self, call: Call[None, None]) -> wire.lookups.LookupReply:
        try:
            found = await self._services.numbers.look_up(
                call.account, call.path["phone_number"], protocol=PROTOCOL, region=call.account.default_region
            )
        except NoCoverage as error:
            raise SmscxRefusal(403, "no_coverage", Code.LOOKUP_NO_COVERAGE, error.message) from error
        return wire.lookups.LookupReply(data=lookup(found))

    async def lookup_numbers(self, call: Call[None, wire.lookups.LookupRequest]) -> wire.lookups.LookupsReply:
        body = call.body
        numbers = _listed(body)
        own = await settings_of(self._services, call.principal, "lookup")
        url = body.lookup_callback_url or own.get("lookupCallback") or None
        try:
            job, wanted, invalid = await self._services.numbers.look_up_many(
                call.account,
                numbers,
                protocol=PROTOCOL,
                region=country(body.country_iso),
                callback_url=url,
                on_invalid=lambda wrong: invalid_param(
                    Code.NOTHING_TO_LOOK_UP, "There is no number here to look up.", wrong
                ),
            )
        except InvalidCallbackUrl as error:
            raise invalid_param(Code.LOOKUP_CALLBACK_URL_INVALID, error.message) from error
        return wire.lookups.LookupsReply(
            info=wire.lookups.LookupsInfo(
                lookup_bulk_id=to_uuid(job.id),
                total_phone_numbers=job.asked,
                total_valid=job.accepted,
                total_invalid=len(invalid),
                total_cost=shapes.money(job.price),
                invalid=invalid,
                phone_numbers_by_country=shapes.by_country([each.country for each in wanted]),
            ),
            data=[
                wire.lookups.LookupRow(
                    phone_number=f"+{each.msisdn}",
                    country_iso=each.country or shapes.NO_COUNTRY,
                    cost=shapes.money(each.price),
                    lookup_id=to_uuid(each.id),
                    datetime=shapes.when(each.created_at),
                )
                for each in wanted
            ],
        )

    async def get_single_lookup_status(self, call: Call[None, None]) -> wire.lookups.Lookup:
        lookup_id = reading.identifier(call.path["lookup_id"], Code.LOOKUP_ID_INVALID)
        return lookup(await self._services.numbers.lookup(call.account, lookup_id))

    async def get_bulk_lookup_campaigns(self, call: Call[wire.common.PageQuery, None]) -> wire.lookups.LookupCampaigns:
        at = place(call.query)
        found = await self._services.numbers.jobs(call.account, **at.range)
        page = at.page(found, key=lambda job: job.id)
        return wire.lookups.LookupCampaigns(
            data=[
                wire.lookups.LookupCampaign(
                    id=to_uuid(job.id),
                    total_phone_numbers=job.asked,
                    total_valid=job.accepted,
                    total_cost=shapes.money(job.price),
                    datetime_added=shapes.when(job.created_at),
                )
                for job in page.rows
            ],
            paging=page.paging,
        )

    async def get_bulk_lookup_status(self, call: Call[wire.common.PageQuery, None]) -> wire.lookups.LookupResult:
        job_id = reading.identifier(call.path["lookup_bulk_id"], Code.BULK_LOOKUP_ID_INVALID)
        job, countries = await self._services.numbers.job(call.account, job_id)
        at = place(call.query)
        found = await self._services.numbers.lookups(call.account, job_id, **at.range)
        page = at.page(found, key=lambda stored: stored.id)
        return wire.lookups.LookupResult(
            info=wire.lookups.LookupResultInfo(
                lookup_bulk_id=to_uuid(job.id),
                total_phone_numbers=job.asked,
                total_valid=job.accepted,
                total_cost=shapes.money(job.price),
                phone_numbers_by_country=shapes.by_country(countries),
            ),
            data=[lookup(stored) for stored in page.rows],
            paging=page.paging,
        )

    async def export_number_lookup_report_to_csv(self, call: Call[wire.common.ExportQuery, None]) -> Response:
        return csv_file(call, "lookup", _HEADER, await self._lookup_cells(call))

    async def export_number_lookup_report_to_xlsx(self, call: Call[wire.common.ExportQuery, None]) -> Response:
        return xlsx_file("lookup", _HEADER, await self._lookup_cells(call))

    async def _lookup_cells(self, call: AnyCall) -> Chunks:
        job_id = reading.identifier(call.path["lookup_bulk_id"], Code.BULK_LOOKUP_ID_INVALID)
        await self._services.numbers.job(call.account, job_id)

        async def cells() -> Chunks:
            async for page in self._services.numbers.all_lookups(call.account, job_id):
                yield [_cells(each) for each in page]

        return cells()

    async def get_available_numbers(self, call: Call[wire.rents.AvailableQuery, None]) -> wire.rents.AvailableNumbers:
        query = call.query
        asked = call.path["country_iso"].upper()
        if country(asked) is None and asked not in UNNUMBERED:
            raise invalid_param(Code.COUNTRY_UNKNOWN, f"There is no country {asked!r}.")
        features = _features(query.features)
        delayed = {"": None, "instant": False, "delayed": True}.get(query.setup_time.lower())
        now = shapes.when(from_ms(now_ms()))
        return wire.rents.AvailableNumbers(
            data=[
                _available(terms, now)
                for terms in await self._services.rents.available()
                if terms.country == asked
                and _matches(terms, features, query.number_type, query.inbound_sms_sender, query.include, query.exclude)
                and (delayed is None or terms.instantly is not delayed)
                and (not query.registration or terms.needs_registration is reading.flag(query.registration))
            ]
        )

    async def get_rented_numbers(self, call: Call[wire.rents.RentedQuery, None]) -> wire.rents.RentedNumbers:
        query = call.query
        features = _features(query.features)
        return wire.rents.RentedNumbers(
            data=[
                _rented(each)
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

    async def rent_number(self, call: Call[None, wire.rents.RentRequest]) -> wire.rents.RentReply:
        body = call.body
        registration = body.registration_id if isinstance(body.registration_id, str) else None
        if registration is not None and not is_random_uuid(registration):
            raise invalid_param(Code.REGISTRATION_UNKNOWN, "There is no such registration.")
        try:
            rent = await self._services.rents.rent(
                call.account,
                reading.identifier(body.number_id, Code.RENT_NUMBER_ID_INVALID),
                body.rent_period,
                protocol=PROTOCOL,
                auto_renew=body.auto_renew is True,
                callback_url=body.callback_url or None,
                registration_id=registration,
            )
        except NumberTaken as error:
            raise SmscxRefusal(403, "access_denied", Code.RENT_NUMBER_TAKEN, error.message) from error
        return wire.rents.RentReply(
            info=wire.rents.RentInfo(
                **_renewed_fields(rent), setup_cost=shapes.money(rent.setup_price), approved=rent.approved
            )
        )

    async def get_rent_status(self, call: Call[None, None]) -> wire.rents.RentStatus:
        return wire.rents.RentStatus(info=_rented(await self._services.rents.get(call.account, _rent_id(call))))

    async def renew_rent(self, call: Call[None, wire.rents.RenewRequest]) -> wire.rents.RenewedReply:
        body = call.body
        try:
            rent = await self._services.rents.renew(
                call.account,
                _rent_id(call),
                days=body.rent_period if isinstance(body.rent_period, int) else None,
                auto_renew=body.auto_renew if isinstance(body.auto_renew, bool) else None,
                callback_url=body.callback_url,
            )
        except Locked as error:
            raise SmscxRefusal(403, "access_denied", Code.RENT_NOT_RENEWABLE, error.message) from error
        return wire.rents.RenewedReply(info=wire.rents.RenewedInfo(**_renewed_fields(rent)))

    async def edit_rent_settings(self, call: Call[None, wire.rents.RentSettings]) -> wire.rents.EditedRent:
        body = call.body
        rent_id = _rent_id(call)
        if body.auto_renew is UNSET and body.callback_url is UNSET:
            await self._services.rents.get(call.account, rent_id)
            raise invalid_param(Code.RENT_UPDATE_EMPTY, "There is nothing to change.")
        await self._services.rents.change(
            call.account,
            rent_id,
            auto_renew=body.auto_renew if isinstance(body.auto_renew, bool) else None,
            callback_url=body.callback_url,
        )
        return wire.rents.EditedRent(
            info=wire.rents.EditedRentInfo(rent_id=to_uuid(rent_id), datetime=shapes.when(from_ms(now_ms())))
        )

    async def cancel_rent(self, call: Call[None, None]) -> wire.rents.CanceledRent:
        try:
            rent = await self._services.rents.cancel(call.account, _rent_id(call))
        except TooLate as error:
            raise SmscxRefusal(403, "access_denied", Code.RENT_CANCELED_TOO_LATE, error.message) from error
        except Locked as error:
            raise SmscxRefusal(403, "access_denied", Code.RENT_IN_USE, error.message) from error
        return wire.rents.CanceledRent(
            info=wire.rents.CanceledRentInfo(
                rent_id=to_uuid(rent.id),
                number_id=to_uuid(rent.terms.number_id),
                phone_number=f"+{rent.terms.msisdn}",
                country_iso=rent.terms.country,
                credit_returned=shapes.money(rent.price),
            )
        )

    async def get_inbound_sms(self, call: Call[wire.common.PageQuery, None]) -> wire.rents.RentedInbound:
        rent, _ = await self._services.rents.get(call.account, _rent_id(call))
        at = place(call.query)
        found = await self._services.inbound.page(call.account, InboundFilter(rent_id=rent.id), **at.range)
        page = at.page(found, key=lambda message: message.id)
        return wire.rents.RentedInbound(
            info=wire.rents.RentedInboundInfo(
                rent_id=to_uuid(rent.id), phone_number=f"+{rent.terms.msisdn}", country_iso=rent.terms.country
            ),
            data=[shapes.inbound_item(message) for message in page.rows],
            paging=page.paging,
        )


def _listed(body: wire.numbers.ManyNumbers) -> list[str]:
    if not body.phone_numbers:
        raise invalid_param(Code.NUMBERS_MISSING, "`phoneNumbers` is empty.")
    return body.phone_numbers


def _of_plan(facts: Facts) -> tuple[str, str, str]:
    return facts.country or shapes.NO_COUNTRY, facts.operator or "", facts.time_zone


def _validated(found: Facts | str) -> wire.numbers.ValidatedRow:
    if isinstance(found, str):
        return wire.numbers.ValidatedRow(phone_number=found, invalid=True)
    return wire.numbers.ValidatedRow(f"+{found.msisdn}", False, *_of_plan(found))


_STATUSES = {
    LineStatus.ACTIVE: "ACTIVE",
    LineStatus.ABSENT: "ABSENT",
    LineStatus.BARRED: "BARRED",
    LineStatus.UNKNOWN: "UNKNOWN",
    LineStatus.FAILED: "FAILED",
}
_NO_NETWORK = Network()


def lookup(stored: Lookup) -> wire.lookups.Lookup:
    """What is not answered yet is UNKNOWN, and its description says why."""
    facts = stored.facts
    original = _NO_NETWORK if facts is None else facts.original
    ported = None if facts is None else facts.ported_to
    roaming = None if facts is None else facts.roaming_in
    place = stored.country or shapes.NO_COUNTRY
    name = COUNTRIES.get(place, _NEVER_SAID)
    serving = ported or original
    away = roaming or _NO_NETWORK
    return wire.lookups.Lookup(
        phone_number=f"+{stored.msisdn}",
        lookup_id=to_uuid(stored.id),
        cost=shapes.money(stored.price),
        mcc=serving.mcc or "",
        mccmnc=f"{serving.mcc or ''}{serving.mnc or ''}",
        country_iso=place,
        country_name=name,
        country_name_locale=name,
        status="UNKNOWN" if facts is None else _STATUSES[facts.status],
        status_description="The answer has not come yet." if facts is None else told_of(facts.status),
        ported=ported is not None,
        roaming=roaming is not None,
        original_network=wire.lookups.Network(name=original.name, mnc=original.mnc),
        ported_network=wire.lookups.Network(
            name=None if ported is None else ported.name, mnc=None if ported is None else ported.mnc
        ),
        roaming_network=wire.lookups.RoamingNetwork(
            country_iso=away.country,
            country_name=None if away.country is None else COUNTRIES.get(away.country),
            mcc=away.mcc,
            mnc=away.mnc,
            name=away.name,
        ),
        datetime=shapes.when(stored.done_at or stored.created_at),
    )


def _cells(stored: Lookup) -> list[Cell]:
    row = lookup(stored)
    return [
        row.lookup_id,
        row.phone_number,
        row.country_iso,
        row.status,
        row.status_description,
        row.mccmnc,
        row.original_network.name,
        "yes" if row.ported else "no",
        row.ported_network.name,
        "yes" if row.roaming else "no",
        row.roaming_network.name,
        row.roaming_network.country_iso,
        row.cost,
        row.datetime,
    ]


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


def _periods(prices: Mapping[int, int]) -> list[wire.rents.PeriodCost]:
    return [wire.rents.PeriodCost(days=days, cost=shapes.money(price)) for days, price in sorted(prices.items())]


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


def _available(terms: Terms, now: str) -> wire.rents.AvailableNumber:
    return wire.rents.AvailableNumber(
        **_common(terms),
        rent_cost=_periods(terms.prices),
        setup_time="instant" if terms.instantly else "delayed",
        registration=terms.needs_registration,
        datetime=now,
    )


def _rented(each: RentWithTraffic) -> wire.rents.RentedNumber:
    rent, traffic = each
    return wire.rents.RentedNumber(
        **_common(rent.terms),
        rent_id=to_uuid(rent.id),
        rent_cost=shapes.money(rent.price),
        rent_period=rent.days,
        rent_start=shapes.when(rent.begins_at),
        rent_end=shapes.when(rent.ends_at),
        renew_cost=_periods(rent.terms.prices),
        inbound_sms=wire.rents.SmsTotal(total=traffic.received, cost=shapes.money(traffic.received_price)),
        outbound_sms=wire.rents.SmsTotal(total=traffic.sent, cost=shapes.money(traffic.sent_price)),
        callback_url=rent.callback_url,
        auto_renew=rent.auto_renew,
        active_rent=rent.active,
        approved=rent.approved,
        datetime=shapes.when(rent.created_at),
    )


def _renewed_fields(rent: Rent) -> dict[str, Any]:
    return {
        "rent_id": to_uuid(rent.id),
        "number_id": to_uuid(rent.terms.number_id),
        "phone_number": f"+{rent.terms.msisdn}",
        "country_iso": rent.terms.country,
        "rent_start": shapes.when(rent.begins_at),
        "rent_end": shapes.when(rent.ends_at),
        "rent_cost": shapes.money(rent.price),
        "auto_renew": rent.auto_renew,
        "callback_url": rent.callback_url,
        "datetime": shapes.when(from_ms(now_ms())),
    }


def _rent_id(call: AnyCall) -> str:
    return reading.identifier(call.path["rent_id"], Code.RENT_ID_INVALID)
