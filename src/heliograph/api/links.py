"""Operations on short addresses and files, and on the hits of both."""

from __future__ import annotations

import msgspec

from heliograph.api import wire
from heliograph.api.etags import if_match, tagged, with_etag
from heliograph.api.resource import NativeResource, page
from heliograph.domain.accounts import Scope
from heliograph.domain.cursors import number_before
from heliograph.domain.links import Hit, Link, LinkKind
from heliograph.doors import AnyCall, Call, Operation
from heliograph.doors.bodies import read_body
from heliograph.services.agents import agent_of


class Links(NativeResource):
    operations = (
        Operation(
            name="list_links",
            method="GET",
            path="/links",
            scope=Scope.LINKS_READ,
            query=wire.PageQuery,
            response=wire.LinkPage,
            summary="List short addresses, newest first",
        ),
        Operation(
            name="create_link",
            method="POST",
            path="/links",
            scope=Scope.LINKS_WRITE,
            request=wire.Shorten,
            response=wire.Link,
            status=201,
            summary="Make a short address",
        ),
        Operation(
            name="get_link",
            method="GET",
            path="/links/{link_id}",
            scope=Scope.LINKS_READ,
            response=wire.Link,
            summary="Get a short address",
        ),
        Operation(
            name="change_link",
            method="PATCH",
            path="/links/{link_id}",
            scope=Scope.LINKS_WRITE,
            conditional=True,
            request=wire.ChangeLink,
            response=wire.Link,
            summary="Change where a short address leads, or its name",
        ),
        Operation(
            name="delete_link",
            method="DELETE",
            path="/links/{link_id}",
            scope=Scope.LINKS_WRITE,
            status=204,
            summary="Delete a short address with its hits",
        ),
        Operation(
            name="list_link_hits",
            method="GET",
            path="/links/{link_id}/hits",
            scope=Scope.LINKS_READ,
            query=wire.PageQuery,
            response=wire.Hits,
            summary="Who followed a short address, newest first",
        ),
        Operation(
            name="list_attachments",
            method="GET",
            path="/attachments",
            scope=Scope.LINKS_READ,
            query=wire.PageQuery,
            response=wire.LinkPage,
            summary="List files, newest first",
        ),
        Operation(
            name="upload_attachment",
            method="POST",
            path="/attachments",
            upload=True,
            scope=Scope.LINKS_WRITE,
            query=wire.AttachmentQuery,
            response=wire.Link,
            status=201,
            summary="Keep a file under a short address: the body is the file, with its Content-Type",
        ),
        Operation(
            name="delete_attachment",
            method="DELETE",
            path="/attachments/{link_id}",
            scope=Scope.LINKS_WRITE,
            status=204,
            summary="Delete a file with its hits",
        ),
        Operation(
            name="list_attachment_hits",
            method="GET",
            path="/attachments/{link_id}/hits",
            scope=Scope.LINKS_READ,
            query=wire.PageQuery,
            response=wire.Hits,
            summary="Who opened a file, newest first",
        ),
    )

    async def list_links(self, call: Call[wire.PageQuery, None]) -> wire.LinkPage:
        return await self._page(call, LinkKind.SHORTLINK)

    async def create_link(self, call: Call[None, wire.Shorten]) -> wire.Link:
        body = call.body
        made = await self._services.links.shorten(call.account, body.url, body.name, passes_query=body.passes_query)
        return tagged(call, self._link(call, made))

    async def get_link(self, call: Call[None, None]) -> wire.Link:
        found = await self._services.links.get(call.account, LinkKind.SHORTLINK, call.path["link_id"])
        return tagged(call, self._link(call, found))

    async def change_link(self, call: Call[None, wire.ChangeLink]) -> wire.Link:
        body = call.body
        changed = await self._services.links.change(
            call.account,
            call.path["link_id"],
            name=body.name,
            address=body.url,
            passes_query=body.passes_query,
            check=if_match(call, lambda stored: self._link(call, stored)),
        )
        return tagged(call, self._link(call, changed))

    async def delete_link(self, call: Call[None, None]) -> None:
        await self._services.links.delete(call.account, LinkKind.SHORTLINK, call.path["link_id"])

    async def list_link_hits(self, call: Call[wire.PageQuery, None]) -> wire.Hits:
        return await self._hits(call, LinkKind.SHORTLINK)

    async def list_attachments(self, call: Call[wire.PageQuery, None]) -> wire.LinkPage:
        return await self._page(call, LinkKind.ATTACHMENT)

    async def upload_attachment(self, call: Call[wire.AttachmentQuery, None]) -> wire.Link:
        content = await read_body(call.request, self._services.links.largest_file)
        media_type = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        return self._link(call, await self._services.links.keep(call.account, call.query.name, media_type, content))

    async def delete_attachment(self, call: Call[None, None]) -> None:
        await self._services.links.delete(call.account, LinkKind.ATTACHMENT, call.path["link_id"])

    async def list_attachment_hits(self, call: Call[wire.PageQuery, None]) -> wire.Hits:
        return await self._hits(call, LinkKind.ATTACHMENT)

    def _link(self, call: AnyCall, link: Link) -> wire.Link:
        base_url = self._settings.base_url(call.request)
        return shown_link(link, self._settings.short_url(call.request), base_url + self._settings.files)

    async def _page(self, call: Call[wire.PageQuery, None], kind: LinkKind) -> wire.LinkPage:
        query = call.query
        found = await self._services.links.page(
            call.account, kind, limit=query.limit, before=number_before(query.before)
        )
        following = str(found[-1].number) if len(found) == query.limit else None
        return wire.LinkPage(items=[self._link(call, link) for link in found], next=following)

    async def _hits(self, call: Call[wire.PageQuery, None], kind: LinkKind) -> wire.Hits:
        link = await self._services.links.get(call.account, kind, call.path["link_id"])
        query = call.query
        found = await self._services.links.hits(call.account, link, limit=query.limit, before=query.before)
        return page(wire.Hits, [shown_hit(hit) for hit in found], query.limit)


def shown_link(stored: Link, short_url: str, file_url: str) -> wire.Link:
    """Show a link; `short_url` and `file_url` are what addresses of each kind begin with."""
    target = stored.target if stored.kind is LinkKind.SHORTLINK else f"{file_url}/{stored.target}"
    shown = wire.Link(
        id=stored.id,
        name=stored.name,
        url=target,
        short_url=f"{short_url}/{stored.id}",
        hits=stored.hits,
        media_type=stored.media_type,
        size=stored.size,
        passes_query=stored.passes_query,
        created_at=stored.created_at,
    )
    shown.etag = with_etag(msgspec.structs.replace(shown, hits=0)).etag  # who follows it has changed nothing
    return shown


def shown_hit(stored: Hit) -> wire.Hit:
    agent = agent_of(stored.user_agent)
    return wire.Hit(
        id=stored.id,
        link_id=stored.link_id,
        at=stored.at,
        number=None if stored.msisdn is None else f"+{stored.msisdn}",
        batch_id=stored.batch_id,
        user_agent=stored.user_agent,
        device=agent.device,
        browser=agent.browser,
        os=agent.os,
        address=stored.address,
        referrer=stored.referrer,
        preview=stored.preview,
    )
