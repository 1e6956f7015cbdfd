"""Attachments: short addresses of files."""

from __future__ import annotations

from starlette.responses import Response

from heliograph.domain.links import Link, LinkKind
from heliograph.doors import AnyCall, Call
from heliograph.protocols.smscx.door import shapes
from heliograph.protocols.smscx.door.hits import HEADER, ShortAddresses, hit_row
from heliograph.protocols.smscx.door.refusals import Codes
from heliograph.protocols.smscx.door.resource import csv_file, exports, operation, xlsx_file
from heliograph.protocols.smscx.wire import attachments as wire
from heliograph.protocols.smscx.wire import common
from heliograph.protocols.smscx.wire.errors import Code

_CODES = Codes(not_found=Code.ATTACHMENT_UNKNOWN)


class Attachments(ShortAddresses):
    kind = LinkKind.ATTACHMENT
    operations = (
        operation(
            "GET",
            "/attachments",
            "get_attachments_list",
            "List the account's attachments, newest first.",
            response=wire.AttachmentList,
        ),
        *exports("/attachments/{attachment_id}", "attachment_hits", "Get all hits of an attachment", codes=_CODES),
        operation(
            "GET",
            "/attachments/{attachment_id}",
            "get_attachment_hits",
            "Get an attachment and a page of who opened it, newest first.",
            query=common.ShortPageQuery,
            response=wire.AttachmentHits,
            codes=_CODES,
        ),
        operation(
            "DELETE",
            "/attachments/{attachment_id}",
            "delete_attachment",
            "Delete an attachment and its hits.",
            response=common.TextIdReply,
            codes=_CODES,
        ),
    )

    async def get_attachments_list(self, call: Call[None, None]) -> wire.AttachmentList:
        found = await self._services.links.all(call.account, self.kind)
        return wire.AttachmentList(data=[self._attachment(call, link) for link in found])

    async def get_attachment_hits(self, call: Call[common.ShortPageQuery, None]) -> wire.AttachmentHits:
        link = await self._link(call, call.path["attachment_id"])
        page = await self._hits(call, link)
        return wire.AttachmentHits(
            info=self._attachment(call, link), data=[hit_row(hit) for hit in page.rows], paging=page.paging
        )

    async def delete_attachment(self, call: Call[None, None]) -> common.TextIdReply:
        return await self._delete(call, call.path["attachment_id"])

    async def export_attachment_hits_to_csv(self, call: Call[common.ExportQuery, None]) -> Response:
        return csv_file(call, "hits", HEADER, self._cells(call, await self._link(call, call.path["attachment_id"])))

    async def export_attachment_hits_to_xlsx(self, call: Call[common.ExportQuery, None]) -> Response:
        return xlsx_file("hits", HEADER, self._cells(call, await self._link(call, call.path["attachment_id"])))

    def _attachment(self, call: AnyCall, link: Link) -> wire.AttachmentRow:
        return wire.AttachmentRow(
            id=link.id,
            name=link.name,
            short_url=self._address(call, link),
            file_url=f"{self._settings.base_url(call.request)}{self._settings.files}/{link.target}",
            file_type=link.media_type or "",
            hits=link.hits,
            date_created=shapes.when(link.created_at),
        )
