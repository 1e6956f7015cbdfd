"""Groups of contacts."""

from __future__ import annotations

from starlette.responses import Response

from heliograph.domain.groups import Group, GroupDraft
from heliograph.doors import AnyCall, Call
from heliograph.doors.downloads import Chunks
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.contacts import HEADER, contact_cells, contact_row, group_of
from heliograph.protocols.smscx.door.paging import place
from heliograph.protocols.smscx.door.refusals import Codes, invalid_param
from heliograph.protocols.smscx.door.resource import SmscxResource, csv_file, exports, operation, xlsx_file
from heliograph.protocols.smscx.wire import common
from heliograph.protocols.smscx.wire import groups as wire
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.contacts import Headcount

GROUP_NAME = range(3, 61)
_CODES = Codes(
    not_found=Code.GROUP_UNKNOWN,
    taken=Code.GROUP_NAME_TAKEN,
    fields={"name": (Code.GROUP_NAME_MISSING, Code.GROUP_NAME_LENGTH)},
)


class Groups(SmscxResource):
    operations = (
        operation(
            "GET", "/groups", "get_groups_list", "List the account's groups, newest first.", response=wire.GroupList
        ),
        operation(
            "POST",
            "/groups",
            "create_group",
            "Make an empty group.",
            request=wire.NewGroup,
            response=wire.NamedReply,
            status=201,
            codes=_CODES,
        ),
        *exports("/groups/{group_id}", "group", "Get all contacts of a group", codes=_CODES),
        operation(
            "GET",
            "/groups/{group_id}/empty",
            "empty_group",
            "Take all contacts out of a group.",
            response=wire.NamedReply,
            codes=_CODES,
        ),
        operation(
            "GET",
            "/groups/{group_id}",
            "get_group_details",
            "Get a group and a page of its contacts.",
            query=common.ShortPageQuery,
            response=wire.GroupDetails,
            codes=_CODES,
        ),
        operation(
            "DELETE",
            "/groups/{group_id}",
            "delete_group",
            "Delete a group and its contacts.",
            response=wire.DeletedGroup,
            codes=_CODES,
        ),
    )

    async def get_groups_list(self, call: Call[None, None]) -> wire.GroupList:
        found = await self._services.contacts.headcounts(call.account)
        return wire.GroupList(data=[_row(head) for head in found])

    async def create_group(self, call: Call[None, wire.NewGroup]) -> wire.NamedReply:
        name = call.body.name.strip()
        if len(name) not in GROUP_NAME:
            raise invalid_param(Code.GROUP_NAME_LENGTH, "A group's name has 3 to 60 characters.")
        return _named(await self._services.groups.create(call.account, GroupDraft(name=name)))

    async def get_group_details(self, call: Call[common.ShortPageQuery, None]) -> wire.GroupDetails:
        head = await self._services.contacts.headcount(call.account, reading.number(call.path["group_id"]))
        at = place(call.query)
        found = await self._services.contacts.page(call.account, head.group, **at.range)
        page = at.page(found, key=lambda contact: contact.id)
        return wire.GroupDetails(
            info=_row(head),
            data=[contact_row(contact, head.group.number) for contact in page.rows],
            paging=page.paging,
        )

    async def delete_group(self, call: Call[None, None]) -> wire.DeletedGroup:
        group = await group_of(self._services, call)
        await self._services.groups.delete(call.account, group.id)
        name = shapes.group_name(group.name, group.number)
        return wire.DeletedGroup(info=wire.DeletedGroupInfo(id=group.number, name=name, total_phone_numbers=group.size))

    async def empty_group(self, call: Call[None, None]) -> wire.NamedReply:
        group = await group_of(self._services, call)
        await self._services.contacts.empty(call.account, group)
        return _named(group)

    async def export_group_to_csv(self, call: Call[common.ExportQuery, None]) -> Response:
        return csv_file(call, "group", HEADER, self._contact_cells(call, await group_of(self._services, call)))

    async def export_group_to_xlsx(self, call: Call[common.ExportQuery, None]) -> Response:
        return xlsx_file("group", HEADER, self._contact_cells(call, await group_of(self._services, call)))

    async def _contact_cells(self, call: AnyCall, group: Group) -> Chunks:
        async for page in self._services.contacts.everybody(call.account, group):
            yield [contact_cells(contact) for contact in page]


def _named(group: Group) -> wire.NamedReply:
    return wire.NamedReply(info=wire.Named(id=group.number, name=shapes.group_name(group.name, group.number)))


def _row(head: Headcount) -> wire.GroupRow:
    return wire.GroupRow(
        id=head.group.number,
        name=shapes.group_name(head.group.name, head.group.number),
        total_phone_numbers=head.census.size,
        total_cost=shapes.money(head.price),
        total_optouts=head.census.opted_out,
        created_at=shapes.when(head.group.created_at),
    )
