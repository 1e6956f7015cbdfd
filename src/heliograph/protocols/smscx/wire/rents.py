"""Rented numbers, and what was written to them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.protocols.smscx.wire.common import Count, Flag, Paging, Wire


class RentSettings(Wire, kw_only=True):
    auto_renew: bool | UnsetType = UNSET
    callback_url: str | UnsetType | None = UNSET


class RentRequest(RentSettings, kw_only=True):
    number_id: str
    rent_period: int
    registration_id: str | UnsetType | None = UNSET


class RenewRequest(RentSettings, kw_only=True):
    rent_period: int | UnsetType = UNSET


class AvailableQuery(Wire, rename=None):
    features: Count = ""
    number_type: str = ""
    setup_time: str = ""
    registration: Flag = ""
    inbound_sms_sender: Flag = ""
    include: str = ""
    exclude: str = ""


class RentedQuery(Wire, rename=None):
    features: Count = ""
    country_iso: str = ""
    number_type: str = ""
    active_rent: Flag = ""
    inbound_sms_sender: Flag = ""
    include: str = ""
    exclude: str = ""


class PeriodCost(Wire):
    days: int
    cost: float


class AvailableNumber(Wire):
    number_id: str
    phone_number: str | None
    country_iso: str
    network_operator: str
    features: int
    number_type: str
    inbound_sms_cost: float
    outbound_sms_cost: float | None
    setup_cost: float
    rent_cost: Sequence[PeriodCost]
    min_rent: int
    setup_time: str
    registration: bool
    datetime: str
    inbound_sms_sender: bool


class AvailableNumbers(Wire):
    data: Sequence[AvailableNumber]


class SmsTotal(Wire):
    total: int
    cost: float


class RentedNumber(Wire):
    rent_id: str
    number_id: str
    phone_number: str
    country_iso: str
    network_operator: str
    features: int
    number_type: str
    rent_cost: float
    setup_cost: float
    rent_period: int
    rent_start: str
    rent_end: str
    inbound_sms_cost: float
    outbound_sms_cost: float | None
    renew_cost: Sequence[PeriodCost]
    inbound_sms: SmsTotal
    outbound_sms: SmsTotal
    min_rent: int
    callback_url: str | None
    auto_renew: bool
    active_rent: bool
    approved: bool
    datetime: str
    inbound_sms_sender: bool


class RentedNumbers(Wire):
    data: Sequence[RentedNumber]


class RentStatus(Wire):
    info: RentedNumber


class RenewedInfo(Wire, kw_only=True):
    rent_id: str
    number_id: str
    phone_number: str
    country_iso: str
    rent_start: str
    rent_end: str
    rent_cost: float
    auto_renew: bool
    callback_url: str | None
    datetime: str


class RenewedReply(Wire):
    info: RenewedInfo


class RentInfo(RenewedInfo, kw_only=True):
    setup_cost: float
    approved: bool


class RentReply(Wire):
    info: RentInfo


class EditedRentInfo(Wire):
    rent_id: str
    datetime: str


class EditedRent(Wire):
    info: EditedRentInfo


class CanceledRentInfo(Wire):
    rent_id: str
    number_id: str
    phone_number: str
    country_iso: str
    credit_returned: float


class CanceledRent(Wire):
    info: CanceledRentInfo


class RentedInboundInfo(Wire):
    rent_id: str
    phone_number: str
    country_iso: str


class InboundItem(Wire):
    msg_id: str
    from_: str = msgspec.field(name="from")
    country_iso: str
    to: str
    text: str
    cost: float
    received_at: str


class RentedInbound(Wire):
    info: RentedInboundInfo
    data: Sequence[InboundItem]
    paging: Paging
