"""Operations on contacts: the members of groups, with what is known of them."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from heliograph.api import wire
from heliograph.api.errors import invalid_numbers
from heliograph.api.etags import if_match, tagged, with_etag
from heliograph.api.resource import NativeResource, page
from heliograph.domain.accounts import Scope
from heliograph.domain.contacts import Contact, ContactDraft, Details
from heliograph.domain.groups import Group
from heliograph.doors import AnyCall, Call, Operation
from heliograph.services.recipients import not_numbers


class Contacts(NativeResource):
    operations = (
        Operation(
            name="list_contacts",
            method="GET",
            path="/groups/{group_id}/contacts",
            scope=Scope.GROUPS_READ,
            query=wire.PageQuery,
            response=wire.ContactPage,
            summary="List the members of a group with what is known of them, newest first",
        ),
        Operation(
            name="add_contacts",
            method="POST",
            path="/groups/{group_id}/contacts",
            scope=Scope.GROUPS_WRITE,
            request=wire.AddContacts,
            response=wire.AddedContacts,
            summary="Add members with what is known of them; those whose number is there stay as they are",
        ),
        Operation(
            name="get_contact",
            method="GET",
            path="/groups/{group_id}/contacts/{contact_id}",
            scope=Scope.GROUPS_READ,
            response=wire.Contact,
            summary="Get a member of a group with what is known of it",
        ),
        Operation(
            name="change_contact",
            method="PATCH",
            path="/groups/{group_id}/contacts/{contact_id}",
            scope=Scope.GROUPS_WRITE,
            conditional=True,
            request=wire.ChangeContact,
            response=wire.Contact,
            summary="Change what is known of a member, or its number",
        ),
        Operation(
            name="delete_contact",
            method="DELETE",
            path="/groups/{group_id}/contacts/{contact_id}",
            scope=Scope.GROUPS_WRITE,
            status=204,
            summary="Take a member out of a group",
        ),
    )

    async def list_contacts(self, call: Call[wire.PageQuery, None]) -> wire.ContactPage:
        query = call.query
        found = await self._services.contacts.page(
            call.account, await self._group(call), limit=query.limit, before=query.before
        )
        return page(wire.ContactPage, [shown_contact(contact) for contact in found], query.limit)

    async def add_contacts(self, call: Call[None, wire.AddContacts]) -> wire.AddedContacts:
        body = call.body
        asked = len(body.contacts)
        added = await self._services.contacts.add(
            call.account,
            await self._group(call),
            [contact_draft(contact) for contact in body.contacts],
            update=body.update,
            on_invalid=None if body.skip_invalid else lambda wrong: not_numbers(wrong, asked, field="contacts"),
        )
        return wire.AddedContacts(
            added=len(added.new),
            updated=len(added.updated),
            duplicates=added.duplicates,
            invalid=invalid_numbers(added.invalid),
        )

    async def get_contact(self, call: Call[None, None]) -> wire.Contact:
        group = await self._group(call)
        return tagged(
            call, shown_contact(await self._services.contacts.get(call.account, group, call.path["contact_id"]))
        )

    async def change_contact(self, call: Call[None, wire.ChangeContact]) -> wire.Contact:
        change = call.body
        changed = await self._services.contacts.change(
            call.account,
            await self._group(call),
            call.path["contact_id"],
            lambda before: changed_details(before, change),
            number=change.number if isinstance(change.number, str) else None,
            check=if_match(call, shown_contact),
        )
        return tagged(call, shown_contact(changed))

    async def delete_contact(self, call: Call[None, None]) -> None:
        await self._services.contacts.delete(call.account, await self._group(call), call.path["contact_id"])

    async def _group(self, call: AnyCall) -> Group:
        return await self._services.groups.get(call.account, call.path["group_id"])


def shown_contact(stored: Contact) -> wire.Contact:
    details = stored.details
    shown = wire.Contact(
        id=stored.id,
        number=f"+{stored.msisdn}",
        country=stored.country,
        first_name=details.first_name,
        last_name=details.last_name,
        email=details.email,
        fields=dict(details.fields),
        opted_out=stored.opted_out,
        created_at=stored.created_at,
    )
    return with_etag(shown)


def contact_draft(wanted: wire.NewContact) -> ContactDraft:
    details = Details(
        first_name=wanted.first_name, last_name=wanted.last_name, email=wanted.email, fields=wanted.fields
    )
    return ContactDraft(number=wanted.number, details=details)


def changed_details(before: Details, change: wire.ChangeContact) -> Details:
    given = {name: getattr(change, name) for name in ("first_name", "last_name", "email", "fields")}
    return msgspec.structs.replace(before, **{name: value for name, value in given.items() if value is not UNSET})
