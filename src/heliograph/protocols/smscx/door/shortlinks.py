"""Shortlinks: short addresses of places elsewhere."""

from __future__ import annotations

import msgspec
from msgspec import UNSET
from starlette.responses import Response

from heliograph.domain.errors import MissingField
from heliograph.domain.links import Link, LinkKind
from heliograph.doors import AnyCall, Call
from heliograph.protocols.smscx.door import shapes
from heliograph.protocols.smscx.door.hits import HEADER, ShortAddresses, hit_row
from heliograph.protocols.smscx.door.refusals import Codes, invalid_param
from heliograph.protocols.smscx.door.resource import csv_file, exports, operation, xlsx_file
from heliograph.protocols.smscx.wire import common
from heliograph.protocols.smscx.wire import shortlinks as wire
from heliograph.protocols.smscx.wire.errors import Code

_CODES = Codes(
    not_found=Code.SHORTLINK_UNKNOWN,
    taken=Code.SHORTLINK_NAME_TAKEN,
    fields={
        "url": (Code.SHORTLINK_URL_MISSING, Code.SHORTLINK_URL_INVALID),
        "name": Code.SHORTLINK_NAME_LENGTH,
    },
)


class Shortlinks(ShortAddresses):
    kind = LinkKind.SHORTLINK
    operations = (
        operation(
            "GET",
            "/shortlinks",
            "get_shortlinks_list",
            "List the account's shortlinks, newest first.",
            response=wire.ShortlinkList,
        ),
        operation(
            "POST",
            "/shortlinks",
            "create_shortlink",
            "Make a short address for one elsewhere.",
            request=wire.NewShortlink,
            response=wire.NewShortlinkReply,
            status=201,
            codes=msgspec.structs.replace(_CODES, taken=Code.NEW_SHORTLINK_NAME_TAKEN, taken_type="duplicate_id"),
        ),
        *exports("/shortlinks/{short_id}", "shortlink_hits", "Get all hits of a shortlink", codes=_CODES),
        operation(
            "GET",
            "/shortlinks/{short_id}",
            "get_shortlink_hits",
            "Get a shortlink and a page of who followed it, newest first.",
            query=common.ShortPageQuery,
            response=wire.ShortlinkHits,
            codes=_CODES,
        ),
        operation(
            "PATCH",
            "/shortlinks/{short_id}",
            "update_shortlink",
            "Change what is given of a shortlink.",
            request=wire.UpdateShortlink,
            response=common.TextIdReply,
            codes=_CODES,
        ),
        operation(
            "DELETE",
            "/shortlinks/{short_id}",
            "delete_shortlink",
            "Delete a shortlink and its hits.",
            response=common.TextIdReply,
            codes=_CODES,
        ),
    )

    async def get_shortlinks_list(self, call: Call[None, None]) -> wire.ShortlinkList:
        found = await self._services.links.all(call.account, self.kind)
        return wire.ShortlinkList(data=[self._shortlink(call, link) for link in found])

    async def create_shortlink(self, call: Call[None, wire.NewShortlink]) -> wire.NewShortlinkReply:
        body = call.body
        if not body.url:
            raise MissingField("`url` is empty.", field="url")
        row = self._shortlink(call, await self._services.links.shorten(call.account, body.url, body.name or None))
        return wire.NewShortlinkReply(
            info=wire.NewShortlinkInfo(id=row.id, name=row.name, original_url=row.original_url, short_url=row.short_url)
        )

    async def get_shortlink_hits(self, call: Call[common.ShortPageQuery, None]) -> wire.ShortlinkHits:
        link = await self._link(call, call.path["short_id"])
        page = await self._hits(call, link)
        return wire.ShortlinkHits(
            info=self._shortlink(call, link), data=[hit_row(hit) for hit in page.rows], paging=page.paging
        )

    async def update_shortlink(self, call: Call[None, wire.UpdateShortlink]) -> common.TextIdReply:
        body = call.body
        link_id = call.path["short_id"]
        if body.name is UNSET and body.url is UNSET:
            await self._link(call, call.path["short_id"])
            raise invalid_param(Code.SHORTLINK_UPDATE_EMPTY, "There is nothing to update.")
        if body.url == "":
            raise MissingField("`url` is empty.", field="url")
        await self._services.links.change(
            call.account,
            link_id,
            name=body.name if isinstance(body.name, str) else None,
            address=body.url if isinstance(body.url, str) else None,
        )
        return common.TextIdReply(info=common.TextIdInfo(id=link_id))

    async def delete_shortlink(self, call: Call[None, None]) -> common.TextIdReply:
        return await self._delete(call, call.path["short_id"])

    async def export_shortlink_hits_to_csv(self, call: Call[common.ExportQuery, None]) -> Response:
        return csv_file(call, "hits", HEADER, self._cells(call, await self._link(call, call.path["short_id"])))

    async def export_shortlink_hits_to_xlsx(self, call: Call[common.ExportQuery, None]) -> Response:
        return xlsx_file("hits", HEADER, self._cells(call, await self._link(call, call.path["short_id"])))

    def _shortlink(self, call: AnyCall, link: Link) -> wire.ShortlinkRow:
        return wire.ShortlinkRow(
            id=link.id,
            name=link.name,
            short_url=self._address(call, link),
            original_url=link.target,
            hits=link.hits,
            date_created=shapes.when(link.created_at),
        )
