"""Shortlinks and Attachments, and who followed them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET
from starlette.responses import Response

from heliograph.domain.errors import MissingField
from heliograph.domain.links import Hit, Link, LinkKind
from heliograph.doors import AnyCall, Call
from heliograph.numbers import country_of
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smscx import wire
from heliograph.protocols.smscx.door import shapes
from heliograph.protocols.smscx.door.areas.area import Area, Chunks, csv_file, xlsx_file
from heliograph.protocols.smscx.door.paging import Page, place
from heliograph.protocols.smscx.door.refusals import invalid_param
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.agents import agent_of
from heliograph.services.exports import Cell

_HEADER = (
    "hitId",
    "datetime",
    "phoneNumber",
    "campaignId",
    "device",
    "browser",
    "browserVersion",
    "os",
    "osVersion",
    "brand",
    "model",
    "acceptLanguage",
    "referrer",
    "ipAddress",
)


class LinksArea(Area):
    async def get_shortlinks_list(self, call: Call[None, None]) -> wire.links.ShortlinkList:
        found = await self._services.links.all(call.account, LinkKind.SHORTLINK)
        return wire.links.ShortlinkList(data=[self._shortlink(call, link) for link in found])

    async def create_shortlink(self, call: Call[None, wire.links.NewShortlink]) -> wire.links.NewShortlinkReply:
        body = call.body
        if not body.url:
            raise MissingField("`url` is empty.", field="url")
        row = self._shortlink(call, await self._services.links.shorten(call.account, body.url, body.name or None))
        return wire.links.NewShortlinkReply(
            info=wire.links.NewShortlinkInfo(
                id=row.id, name=row.name, original_url=row.original_url, short_url=row.short_url
            )
        )

    async def get_shortlink_hits(self, call: Call[wire.common.ShortPageQuery, None]) -> wire.links.ShortlinkHits:
        link = await self._link(call, LinkKind.SHORTLINK)
        page = await self._hits(call, link)
        return wire.links.ShortlinkHits(
            info=self._shortlink(call, link), data=[hit_row(hit) for hit in page.rows], paging=page.paging
        )

    async def update_shortlink(self, call: Call[None, wire.links.UpdateShortlink]) -> wire.common.TextIdReply:
        body = call.body
        link_id = call.path["link_id"]
        if body.name is UNSET and body.url is UNSET:
            await self._link(call, LinkKind.SHORTLINK)
            raise invalid_param(Code.SHORTLINK_UPDATE_EMPTY, "There is nothing to update.")
        if body.url == "":
            raise MissingField("`url` is empty.", field="url")
        await self._services.links.change(
            call.account,
            link_id,
            name=body.name if isinstance(body.name, str) else None,
            address=body.url if isinstance(body.url, str) else None,
        )
        return wire.common.TextIdReply(info=wire.common.TextIdInfo(id=link_id))

    async def delete_shortlink(self, call: Call[None, None]) -> wire.common.TextIdReply:
        return await self._delete(call, LinkKind.SHORTLINK)

    async def export_shortlink_hits_to_csv(self, call: Call[wire.common.ExportQuery, None]) -> Response:
        return csv_file(call, "hits", _HEADER, self._cells(call, await self._link(call, LinkKind.SHORTLINK)))

    async def export_shortlink_hits_to_xlsx(self, call: Call[wire.common.ExportQuery, None]) -> Response:
        return xlsx_file("hits", _HEADER, self._cells(call, await self._link(call, LinkKind.SHORTLINK)))

    async def get_attachments_list(self, call: Call[None, None]) -> wire.links.AttachmentList:
        found = await self._services.links.all(call.account, LinkKind.ATTACHMENT)
        return wire.links.AttachmentList(data=[self._attachment(call, link) for link in found])

    async def get_attachment_hits(self, call: Call[wire.common.ShortPageQuery, None]) -> wire.links.AttachmentHits:
        link = await self._link(call, LinkKind.ATTACHMENT)
        page = await self._hits(call, link)
        return wire.links.AttachmentHits(
            info=self._attachment(call, link), data=[hit_row(hit) for hit in page.rows], paging=page.paging
        )

    async def delete_attachment(self, call: Call[None, None]) -> wire.common.TextIdReply:
        return await self._delete(call, LinkKind.ATTACHMENT)

    async def export_attachment_hits_to_csv(self, call: Call[wire.common.ExportQuery, None]) -> Response:
        return csv_file(call, "hits", _HEADER, self._cells(call, await self._link(call, LinkKind.ATTACHMENT)))

    async def export_attachment_hits_to_xlsx(self, call: Call[wire.common.ExportQuery, None]) -> Response:
        return xlsx_file("hits", _HEADER, self._cells(call, await self._link(call, LinkKind.ATTACHMENT)))

    async def _link(self, call: AnyCall, kind: LinkKind) -> Link:
        return await self._services.links.get(call.account, kind, call.path["link_id"])

    async def _delete(self, call: AnyCall, kind: LinkKind) -> wire.common.TextIdReply:
        await self._services.links.delete(call.account, kind, call.path["link_id"])
        return wire.common.TextIdReply(info=wire.common.TextIdInfo(id=call.path["link_id"]))

    async def _hits(self, call: Call[wire.common.ShortPageQuery, None], link: Link) -> Page[Hit]:
        at = place(call.query)
        found = await self._services.links.hits(call.account, link, **at.range)
        return at.page(found, key=lambda hit: hit.id)

    async def _cells(self, call: AnyCall, link: Link) -> Chunks:
        async for page in self._services.links.all_hits(call.account, link):
            yield _lines(page)

    def _shortlink(self, call: AnyCall, link: Link) -> wire.links.ShortlinkRow:
        return wire.links.ShortlinkRow(
            id=link.id,
            name=link.name,
            short_url=f"{self.places(call).short_url}/{link.id}",
            original_url=link.target,
            hits=link.hits,
            date_created=shapes.when(link.created_at),
        )

    def _attachment(self, call: AnyCall, link: Link) -> wire.links.AttachmentRow:
        return wire.links.AttachmentRow(
            id=link.id,
            name=link.name,
            short_url=f"{self.places(call).short_url}/{link.id}",
            file_url=self.file_url(call, link.target),
            file_type=link.media_type or "",
            hits=link.hits,
            date_created=shapes.when(link.created_at),
        )


def hit_row(hit: Hit) -> wire.links.HitRow:
    """Where an address is and how large a screen is, nobody asks: both are null."""
    agent = agent_of(hit.user_agent)
    return wire.links.HitRow(
        hit_id=hit.number,
        device=agent.device,
        browser=agent.browser,
        browser_version=agent.browser_version,
        os=agent.os,
        os_version=agent.os_version,
        brand=agent.brand,
        model=agent.model,
        screen_resolution=None,
        accept_language=hit.language,
        referrer=hit.referrer,
        ip_address=hit.address,
        country_iso=None,
        city=None,
        datetime=shapes.when(hit.at),
        phone_number=None if hit.msisdn is None else f"+{hit.msisdn}",
        phone_number_country_iso=None if hit.msisdn is None else country_of(hit.msisdn) or shapes.NO_COUNTRY,
        campaign_id=None if hit.batch_id is None else to_uuid(hit.batch_id),
        group_id=None,
    )


def _lines(page: Sequence[Hit]) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    for hit in page:
        row = hit_row(hit)
        rows.append(
            [
                row.hit_id,
                row.datetime,
                None if hit.msisdn is None else f"+{hit.msisdn}",
                None if hit.batch_id is None else to_uuid(hit.batch_id),
                row.device,
                row.browser,
                row.browser_version,
                row.os,
                row.os_version,
                row.brand,
                row.model,
                row.accept_language,
                row.referrer,
                row.ip_address,
            ]
        )
    return rows
