"""Contacts in groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from heliograph.protocols.smscx.wire.common import MAX_CONTACTS, Mapped, Wire


class GroupContact(Wire):
    phone_number: str
    first_name: str | UnsetType | None = UNSET
    last_name: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    field1: str | UnsetType | None = UNSET
    field2: str | UnsetType | None = UNSET
    field3: str | UnsetType | None = UNSET
    field4: str | UnsetType | None = UNSET
    field5: str | UnsetType | None = UNSET
    country_iso: str | UnsetType | None = UNSET
    custom_fields: Mapped | UnsetType | None = UNSET


class AddContacts(Wire):
    phone_numbers: Annotated[list[str | GroupContact], Meta(max_length=MAX_CONTACTS)]
    country_iso: str | UnsetType | None = UNSET
    allow_invalid: bool | UnsetType = UNSET


class UpdateContact(Wire):
    phone_number: str | UnsetType = UNSET
    first_name: str | UnsetType | None = UNSET
    last_name: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    field1: str | UnsetType | None = UNSET
    field2: str | UnsetType | None = UNSET
    field3: str | UnsetType | None = UNSET
    field4: str | UnsetType | None = UNSET
    field5: str | UnsetType | None = UNSET
    custom_fields: Mapped | UnsetType | None = UNSET


class ContactRow(Wire):
    id: str
    phone_number: str
    country_iso: str
    first_name: str | None
    last_name: str | None
    email: str | None
    field1: str | None
    field2: str | None
    field3: str | None
    field4: str | None
    field5: str | None
    group_id: int
    optout: bool
    date_added: str
    custom_fields: Mapping[str, Any] = {}


class AddedInfo(Wire):
    total_valid: int
    total_invalid: int
    total_duplicates: int
    total_phone_numbers: int
    invalid: Sequence[str]
    total_cost: float | UnsetType = UNSET
    phone_numbers_by_country: Mapping[str, Any] | UnsetType = UNSET


class AddedReply(Wire):
    info: AddedInfo


class DeletedContactInfo(Wire):
    id: str
    phone_number: str
    country_iso: str


class DeletedContact(Wire):
    info: DeletedContactInfo


class UpdatedContactInfo(Wire):
    id: str
    group_id: str


class UpdatedContact(Wire):
    info: UpdatedContactInfo
