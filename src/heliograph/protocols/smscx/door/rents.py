"""Rented numbers, and what was written to them."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from heliograph.domain import errors
from heliograph.domain.errors import Locked, NumberTaken, TooLate
from heliograph.domain.filters import InboundFilter
from heliograph.domain.inbound import Inbound
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.rents import Rent
from heliograph.doors import AnyCall, Call
from heliograph.numbers import country_of, with_plus
from heliograph.protocols.shared.uuids import is_random_uuid, to_uuid
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.paging import place
from heliograph.protocols.smscx.door.refusals import Codes, SmscxRefusal, invalid_param
from heliograph.protocols.smscx.door.rent_lists import rented_number
from heliograph.protocols.smscx.door.resource import PROTOCOL, SmscxResource, operation
from heliograph.protocols.smscx.wire import common
from heliograph.protocols.smscx.wire import rents as wire
from heliograph.protocols.smscx.wire.errors import Code

_CODES = Codes(
    not_found=Code.RENT_UNKNOWN,
    fields={
        "numberId": Code.RENT_NUMBER_ID_INVALID,
        "rentPeriod": Code.RENT_PERIOD_INVALID,
        "rent_period": Code.RENT_PERIOD_INVALID,
        "rent_too_short": Code.RENT_PERIOD_TOO_SHORT,
        "autoRenew": Code.AUTO_RENEW_INVALID,
        "callbackUrl": Code.RENT_CALLBACK_URL_INVALID,
        "registrationId": Code.REGISTRATION_UNKNOWN,
        "registration_id": Code.REGISTRATION_UNKNOWN,
    },
    by_class={errors.InvalidCallbackUrl: Code.RENT_CALLBACK_URL_INVALID},
)


class Rents(SmscxResource):
    operations = (
        operation(
            "POST",
            "/numbers/rent",
            "rent_number",
            "Rent a number for 1, 7 or 30 days.",
            request=wire.RentRequest,
            response=wire.RentReply,
            codes=msgspec.structs.replace(_CODES, not_found=Code.RENT_NUMBER_GONE),
        ),
        operation(
            "GET",
            "/numbers/rent/{rent_id}/inbound",
            "get_inbound_sms",
            "List what was written to a rented number, newest first.",
            query=common.PageQuery,
            response=wire.RentedInbound,
            codes=_CODES,
        ),
        operation(
            "PATCH",
            "/numbers/rent/{rent_id}/edit",
            "edit_rent_settings",
            "Change what is given of a rent's settings.",
            request=wire.RentSettings,
            response=wire.EditedRent,
            codes=_CODES,
        ),
        operation(
            "GET",
            "/numbers/rent/{rent_id}",
            "get_rent_status",
            "Get one rented number.",
            response=wire.RentStatus,
            codes=_CODES,
        ),
        operation(
            "PATCH",
            "/numbers/rent/{rent_id}",
            "renew_rent",
            "Add a period at the end of a rent.",
            request=wire.RenewRequest,
            may_be_empty=True,
            response=wire.RenewedReply,
            codes=_CODES,
        ),
        operation(
            "DELETE",
            "/numbers/rent/{rent_id}",
            "cancel_rent",
            "Give a number back: within 30 minutes, and before anybody wrote to it.",
            response=wire.CanceledRent,
            codes=_CODES,
        ),
    )

    async def rent_number(self, call: Call[None, wire.RentRequest]) -> wire.RentReply:
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
        return wire.RentReply(
            info=wire.RentInfo(
                **_renewed_fields(rent), setup_cost=shapes.money(rent.setup_price), approved=rent.approved
            )
        )

    async def get_rent_status(self, call: Call[None, None]) -> wire.RentStatus:
        return wire.RentStatus(info=rented_number(await self._services.rents.get(call.account, _rent_id(call))))

    async def renew_rent(self, call: Call[None, wire.RenewRequest]) -> wire.RenewedReply:
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
        return wire.RenewedReply(info=wire.RenewedInfo(**_renewed_fields(rent)))

    async def edit_rent_settings(self, call: Call[None, wire.RentSettings]) -> wire.EditedRent:
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
        return wire.EditedRent(
            info=wire.EditedRentInfo(rent_id=to_uuid(rent_id), datetime=shapes.when(from_ms(now_ms())))
        )

    async def cancel_rent(self, call: Call[None, None]) -> wire.CanceledRent:
        try:
            rent = await self._services.rents.cancel(call.account, _rent_id(call))
        except TooLate as error:
            raise SmscxRefusal(403, "access_denied", Code.RENT_CANCELED_TOO_LATE, error.message) from error
        except Locked as error:
            raise SmscxRefusal(403, "access_denied", Code.RENT_IN_USE, error.message) from error
        return wire.CanceledRent(
            info=wire.CanceledRentInfo(
                rent_id=to_uuid(rent.id),
                number_id=to_uuid(rent.terms.number_id),
                phone_number=f"+{rent.terms.msisdn}",
                country_iso=rent.terms.country,
                credit_returned=shapes.money(rent.price),
            )
        )

    async def get_inbound_sms(self, call: Call[common.PageQuery, None]) -> wire.RentedInbound:
        rent, _ = await self._services.rents.get(call.account, _rent_id(call))
        at = place(call.query)
        found = await self._services.inbound.page(call.account, InboundFilter(rent_id=rent.id), **at.range)
        page = at.page(found, key=lambda message: message.id)
        return wire.RentedInbound(
            info=wire.RentedInboundInfo(
                rent_id=to_uuid(rent.id), phone_number=f"+{rent.terms.msisdn}", country_iso=rent.terms.country
            ),
            data=[inbound_item(message) for message in page.rows],
            paging=page.paging,
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


def inbound_item(message: Inbound) -> wire.InboundItem:
    return wire.InboundItem(
        msg_id=to_uuid(message.id),
        from_=with_plus(message.msisdn),
        country_iso=country_of(message.msisdn) or shapes.NO_COUNTRY,
        to=with_plus(message.to),
        text=message.body,
        cost=shapes.money(message.price),
        received_at=shapes.when(message.received_at),
    )
