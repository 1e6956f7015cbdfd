"""Who followed a shortlink or opened an attachment: what the two resources have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from heliograph.domain.links import Hit, Link, LinkKind
from heliograph.doors import AnyCall, Call
from heliograph.doors.downloads import Chunks
from heliograph.numbers import country_of
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smscx.door import shapes
from heliograph.protocols.smscx.door.paging import Page, place
from heliograph.protocols.smscx.door.resource import SmscxResource
from heliograph.protocols.smscx.wire import common
from heliograph.protocols.smscx.wire import hits as wire
from heliograph.services.agents import agent_of
from heliograph.services.exports import Cell

HEADER = (
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


class ShortAddresses(SmscxResource):
    """Short addresses of one kind, and who followed them."""

    kind: ClassVar[LinkKind]

    async def _link(self, call: AnyCall, link_id: str) -> Link:
        return await self._services.links.get(call.account, self.kind, link_id)

    async def _delete(self, call: AnyCall, link_id: str) -> common.TextIdReply:
        await self._services.links.delete(call.account, self.kind, link_id)
        return common.TextIdReply(info=common.TextIdInfo(id=link_id))

    def _address(self, call: AnyCall, link: Link) -> str:
        return f"{self.places(call).short_url}/{link.id}"

    async def _hits(self, call: Call[common.ShortPageQuery, None], link: Link) -> Page[Hit]:
        at = place(call.query)
        found = await self._services.links.hits(call.account, link, **at.range, people_only=True)
        return at.page(found, key=lambda hit: hit.id)

    async def _cells(self, call: AnyCall, link: Link) -> Chunks:
        async for page in self._services.links.all_hits(call.account, link):
            yield _lines(page)


def hit_row(hit: Hit) -> wire.HitRow:
    """Describe a hit. Where an address is and how large a screen is, nobody asks: both are null."""
    agent = agent_of(hit.user_agent)
    return wire.HitRow(
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
