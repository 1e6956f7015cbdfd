"""Contacts in groups: added, changed, and taken out."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from heliograph.domain import errors
from heliograph.domain.contacts import UNKNOWN, Contact, ContactDraft, Details
from heliograph.domain.groups import Group
from heliograph.doors import AnyCall, Call
from heliograph.numbers import country_of
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.fields import put, unwrapped
from heliograph.protocols.smscx.door.refusals import Codes, CodesByField, invalid_numbers, invalid_param
from heliograph.protocols.smscx.door.resource import SmscxResource, operation
from heliograph.protocols.smscx.wire import contacts as wire
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.services.exports import Cell
from heliograph.services.services import Services

_FIELDS = ("field1", "field2", "field3", "field4", "field5")
HEADER = (
    "id",
    "phoneNumber",
    "countryIso",
    "firstName",
    "lastName",
    "email",
    *_FIELDS,
    "customFields",
    "optout",
    "dateAdded",
)
_OF_CONTACTS: CodesByField = {
    "phoneNumbers": (Code.NUMBERS_MISSING, Code.NUMBERS_INVALID),
    "phoneNumber": (Code.NUMBERS_MISSING, Code.NUMBER_INVALID),
    "msisdn": (Code.NUMBERS_MISSING, Code.NUMBER_INVALID),
}
ADDING_CODES = Codes(
    not_found=Code.GROUP_UNKNOWN,
    fields=_OF_CONTACTS,
    by_class={errors.TooManyItems: Code.TOO_MANY_NUMBERS},
)
_CODES = Codes(not_found=Code.CONTACT_UNKNOWN, taken=Code.CONTACT_NUMBER_TAKEN, fields=_OF_CONTACTS)


class Contacts(SmscxResource):
    operations = (
        operation(
            "POST",
            "/groups/{group_id}",
            "add_contacts_to_group",
            "Add numbers to a group, or contacts with fields.",
            request=wire.AddContacts,
            response=wire.AddedReply,
            codes=ADDING_CODES,
        ),
        operation(
            "PATCH",
            "/groups/{group_id}/{phone_number_id}",
            "update_contact_from_group",
            "Change what is given of a contact.",
            request=wire.UpdateContact,
            response=wire.UpdatedContact,
            codes=_CODES,
        ),
        operation(
            "DELETE",
            "/groups/{group_id}/{phone_number_id}",
            "delete_contact_from_group",
            "Take one contact out of a group.",
            response=wire.DeletedContact,
            codes=_CODES,
        ),
    )

    async def add_contacts_to_group(self, call: Call[None, wire.AddContacts]) -> wire.AddedReply:
        group = await group_of(self._services, call)
        body = call.body
        listed, region = reading.listed(body.phone_numbers), reading.country(body.country_iso)
        drafts = await aside(len(listed) > MANY_NUMBERS, lambda: [_draft(each, region) for each in listed])
        added = await self._services.contacts.add(
            call.account,
            group,
            drafts,
            on_invalid=None
            if body.allow_invalid is True
            else lambda wrong: invalid_numbers(reading.as_written(wrong), len(drafts)),
        )
        if not added.msisdns:
            raise invalid_numbers(reading.as_written(added.invalid), len(drafts))
        prices = self._services.money.quotes(call.account, added.new)
        return wire.AddedReply(
            info=wire.AddedInfo(
                total_valid=len(added.new),
                total_invalid=len(added.invalid),
                total_duplicates=added.duplicates,
                total_phone_numbers=len(drafts),
                invalid=reading.as_written(added.invalid),
                total_cost=shapes.money(sum(price or 0 for price in prices)),
                phone_numbers_by_country=shapes.by_country([country_of(msisdn) for msisdn in added.new]),
            )
        )

    async def update_contact_from_group(self, call: Call[None, wire.UpdateContact]) -> wire.UpdatedContact:
        body = call.body
        group = await group_of(self._services, call)
        if body == wire.UpdateContact():
            raise invalid_param(Code.CONTACT_UPDATE_EMPTY, "There is nothing to update.")
        changed = await self._services.contacts.change(
            call.account,
            group,
            reading.identifier(call.path["phone_number_id"], Code.CONTACT_UNKNOWN),
            lambda before: _details(body, before),
            number=body.phone_number if isinstance(body.phone_number, str) else None,
        )
        return wire.UpdatedContact(info=wire.UpdatedContactInfo(id=to_uuid(changed.id), group_id=str(group.number)))

    async def delete_contact_from_group(self, call: Call[None, None]) -> wire.DeletedContact:
        group = await group_of(self._services, call)
        contact_id = reading.identifier(call.path["phone_number_id"], Code.CONTACT_UNKNOWN)
        gone = await self._services.contacts.delete(call.account, group, contact_id)
        return wire.DeletedContact(
            info=wire.DeletedContactInfo(
                id=to_uuid(gone.id), phone_number=f"+{gone.msisdn}", country_iso=gone.country or shapes.NO_COUNTRY
            )
        )


async def group_of(services: Services, call: AnyCall) -> Group:
    """Find the group that a path names. Raises NotFound if the account has none with this number."""
    return await services.contacts.group(call.account, reading.number(call.path["group_id"]))


def _draft(asked: str | wire.GroupContact, region: str | None) -> ContactDraft:
    if isinstance(asked, str):
        return ContactDraft(number=asked, region=region)
    details = _details(asked, UNKNOWN)
    return ContactDraft(number=asked.phone_number, region=reading.country(asked.country_iso) or region, details=details)


def contact_row(contact: Contact, group_number: int) -> wire.ContactRow:
    details = contact.details
    return wire.ContactRow(
        id=to_uuid(contact.id),
        phone_number=f"+{contact.msisdn}",
        country_iso=contact.country or shapes.NO_COUNTRY,
        first_name=details.first_name,
        last_name=details.last_name,
        email=details.email,
        **{name: details.fields.get(name) for name in _FIELDS},
        group_id=group_number,
        optout=contact.opted_out,
        date_added=shapes.when(contact.created_at),
        custom_fields={name: value for name, value in details.fields.items() if name not in _FIELDS},
    )


def contact_cells(contact: Contact) -> list[Cell]:
    row = contact_row(contact, 0)
    custom = msgspec.json.encode(row.custom_fields).decode() if row.custom_fields else None
    fields = [row.field1, row.field2, row.field3, row.field4, row.field5]
    known: list[Cell] = [row.id, row.phone_number, row.country_iso, row.first_name, row.last_name, row.email]
    return [*known, *fields, custom, "yes" if row.optout else "no", row.date_added]


def _details(asked: wire.GroupContact | wire.UpdateContact, before: Details) -> Details:
    """Change a contact's details as asked; what is not asked stays."""
    fields = dict(before.fields)
    for name in _FIELDS:
        put(fields, name, getattr(asked, name))
    if isinstance(asked.custom_fields, dict):
        for name, value in unwrapped(asked.custom_fields).items():
            put(fields, name, value)
    return Details(
        first_name=before.first_name if asked.first_name is UNSET else asked.first_name,
        last_name=before.last_name if asked.last_name is UNSET else asked.last_name,
        email=before.email if asked.email is UNSET else asked.email,
        fields=fields,
    )
