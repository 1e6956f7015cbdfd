"""What the numbering plan says of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from heliograph.protocols.smscx.wire.common import ContactNumbers, Wire


class ManyNumbers(Wire, kw_only=True):
    phone_numbers: ContactNumbers
    country_iso: str | UnsetType | None = UNSET


class Validated(Wire):
    phone_number: str
    country_iso: str
    network_operator: str
    timezone: str


class ValidatedReply(Wire):
    data: Validated


class ValidatedRow(Wire):
    phone_number: str
    invalid: bool
    country_iso: str | UnsetType = UNSET
    network_operator: str | UnsetType = UNSET
    timezone: str | UnsetType = UNSET


class ValidatedInfo(Wire):
    total_phone_numbers: int
    total_valid: int
    total_invalid: int
    phone_numbers_by_country: Mapping[str, Any] | UnsetType = UNSET


class ValidatedList(Wire):
    info: ValidatedInfo
    data: Sequence[ValidatedRow]
