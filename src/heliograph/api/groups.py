"""Operations on groups: recipients under one name."""

from __future__ import annotations

from msgspec import UNSET

from heliograph.api import wire
from heliograph.api.etags import if_match, tagged, with_etag
from heliograph.api.resource import NativeResource, page
from heliograph.domain.accounts import Scope
from heliograph.domain.groups import AutoUpdate, Group, GroupChange, GroupDraft
from heliograph.doors import Call, Operation


class Groups(NativeResource):
    operations = (
        Operation(
            name="create_group",
            method="POST",
            path="/groups",
            scope=Scope.GROUPS_WRITE,
            request=wire.CreateGroup,
            response=wire.Group,
            status=201,
            summary="Make a group of recipients",
        ),
        Operation(
            name="list_groups",
            method="GET",
            path="/groups",
            scope=Scope.GROUPS_READ,
            query=wire.GroupQuery,
            response=wire.GroupPage,
            summary="List groups, newest first",
        ),
        Operation(
            name="get_group",
            method="GET",
            path="/groups/{group_id}",
            scope=Scope.GROUPS_READ,
            response=wire.Group,
            summary="Get a group",
        ),
        Operation(
            name="change_group",
            method="PATCH",
            path="/groups/{group_id}",
            scope=Scope.GROUPS_WRITE,
            conditional=True,
            request=wire.ChangeGroup,
            response=wire.Group,
            summary="Add to a group, remove from it, or rename it",
        ),
        Operation(
            name="delete_group",
            method="DELETE",
            path="/groups/{group_id}",
            scope=Scope.GROUPS_WRITE,
            status=204,
            summary="Delete a group; what is scheduled to it goes on without its members",
        ),
        Operation(
            name="list_members",
            method="GET",
            path="/groups/{group_id}/members",
            scope=Scope.GROUPS_READ,
            response=wire.Members,
            summary="The members of a group, sorted",
        ),
    )

    async def create_group(self, call: Call[None, wire.CreateGroup]) -> wire.Group:
        return shown_group(await self._services.groups.create(call.account, group_draft(call.body)))

    async def list_groups(self, call: Call[wire.GroupQuery, None]) -> wire.GroupPage:
        query = call.query
        tags = [query.tag] if query.tag else []
        found, _ = await self._services.groups.page(call.account, tags, limit=query.limit, before=query.before)
        return page(wire.GroupPage, [shown_group(group) for group in found], query.limit)

    async def get_group(self, call: Call[None, None]) -> wire.Group:
        return tagged(call, shown_group(await self._services.groups.get(call.account, call.path["group_id"])))

    async def change_group(self, call: Call[None, wire.ChangeGroup]) -> wire.Group:
        change = group_change(call.body)
        check = if_match(call, shown_group)
        changed = await self._services.groups.change(call.account, call.path["group_id"], change, unchanged=check)
        return tagged(call, shown_group(changed))

    async def delete_group(self, call: Call[None, None]) -> None:
        await self._services.groups.delete(call.account, call.path["group_id"])

    async def list_members(self, call: Call[None, None]) -> wire.Members:
        members = await self._services.groups.members(call.account, call.path["group_id"])
        return wire.Members(items=[f"+{member}" for member in members])


def group_draft(wanted: wire.CreateGroup) -> GroupDraft:
    return GroupDraft(
        name=wanted.name,
        members=wanted.members,
        children=wanted.children,
        auto_update=_auto_update(wanted.keywords),
        tags=wanted.tags,
    )


def group_change(wanted: wire.ChangeGroup) -> GroupChange:
    return GroupChange(
        name=wanted.name,
        add=wanted.add,
        remove=wanted.remove,
        add_children=wanted.add_children,
        remove_children=wanted.remove_children,
        add_from=wanted.add_from,
        remove_from=wanted.remove_from,
        auto_update=UNSET if wanted.keywords is UNSET else _auto_update(wanted.keywords),
    )


def _auto_update(wanted: wire.Keywords | None) -> AutoUpdate | None:
    return None if wanted is None else AutoUpdate(to=wanted.to, add=wanted.add, remove=wanted.remove)


def shown_group(stored: Group) -> wire.Group:
    words = stored.auto_update
    shown = wire.Group(
        id=stored.id,
        name=stored.name,
        size=stored.size,
        children=stored.children,
        keywords=None if words is None else wire.Keywords(to=words.to, add=list(words.add), remove=list(words.remove)),
        tags=stored.tags,
        created_at=stored.created_at,
        modified_at=stored.modified_at,
    )
    return with_etag(shown)
