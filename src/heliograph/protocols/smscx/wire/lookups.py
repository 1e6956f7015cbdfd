"""What the network says of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from heliograph.protocols.smscx.wire.common import Paging, Wire
from heliograph.protocols.smscx.wire.numbers import ManyNumbers


class LookupRequest(ManyNumbers, kw_only=True):
    lookup_callback_url: str | UnsetType | None = UNSET


class Network(Wire):
    name: str | None
    mnc: str | None


class RoamingNetwork(Wire):
    country_iso: str | None
    country_name: str | None
    mcc: str | None
    mnc: str | None
    name: str | None


class Lookup(Wire):
    phone_number: str
    lookup_id: str
    cost: float
    mcc: str
    mccmnc: str
    country_iso: str
    country_name: str
    country_name_locale: str
    status: str
    status_description: str
    ported: bool
    roaming: bool
    original_network: Network
    ported_network: Network
    roaming_network: RoamingNetwork
    datetime: str


class LookupReply(Wire):
    data: Lookup


class LookupRow(Wire):
    phone_number: str
    country_iso: str
    cost: float
    lookup_id: str
    datetime: str


class LookupsInfo(Wire):
    lookup_bulk_id: str
    total_phone_numbers: int
    total_valid: int
    total_invalid: int
    total_cost: float
    invalid: Sequence[str]
    phone_numbers_by_country: Mapping[str, Any] | UnsetType = UNSET


class LookupsReply(Wire):
    info: LookupsInfo
    data: Sequence[LookupRow]


class LookupResultInfo(Wire):
    lookup_bulk_id: str
    total_phone_numbers: int
    total_valid: int
    total_cost: float
    phone_numbers_by_country: Mapping[str, Any]


class LookupResult(Wire):
    info: LookupResultInfo
    data: Sequence[Lookup]
    paging: Paging


class LookupCampaign(Wire):
    id: str
    total_phone_numbers: int
    total_valid: int
    total_cost: float
    datetime_added: str


class LookupCampaigns(Wire):
    data: Sequence[LookupCampaign]
    paging: Paging
