"""Reports of campaigns: what was sent by one request each."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from msgspec import UNSET
from starlette.responses import Response

from heliograph.domain.batches import Batch
from heliograph.domain.filters import BatchFilter, MessageFilter
from heliograph.doors import AnyCall, Call
from heliograph.doors.downloads import Chunks
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.filters import source, source_of
from heliograph.protocols.smscx.door.paging import place
from heliograph.protocols.smscx.door.refusals import Codes
from heliograph.protocols.smscx.door.reports import REPORT_HEADER, report_cells, report_page, report_row
from heliograph.protocols.smscx.door.resource import SmscxResource, csv_file, exports, operation, xlsx_file
from heliograph.protocols.smscx.door.statuses import BUCKETS, REPORTED, status_of
from heliograph.protocols.smscx.wire import campaigns as wire
from heliograph.protocols.smscx.wire import common
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.history import Campaign


class Campaigns(SmscxResource):
    operations = (
        operation(
            "GET",
            "/reports/campaigns",
            "get_campaigns_list",
            "List the campaigns, newest first.",
            query=wire.CampaignsQuery,
            response=wire.CampaignList,
        ),
        *exports(
            "/reports/campaigns/{campaign_id}",
            "campaign_report",
            "Get all messages of a campaign",
            codes=Codes(not_found=Code.REPORT_UNKNOWN),
        ),
        operation(
            "GET",
            "/reports/campaigns/{campaign_id}",
            "get_campaign_report",
            "Get a campaign and a page of its messages.",
            query=common.ShortPageQuery,
            response=wire.CampaignReport,
            codes=Codes(not_found=Code.CAMPAIGN_UNKNOWN),
        ),
    )

    async def get_campaigns_list(self, call: Call[wire.CampaignsQuery, None]) -> wire.CampaignList:
        query = call.query
        at = place(query)
        doors = source(query.source)
        wanted = BatchFilter(protocols=doors.protocols, other_protocols=doors.other_protocols)
        found, total = await self._services.history.campaigns(call.account, wanted, **at.range)
        page = at.page(found, key=lambda campaign: campaign.batch.id)
        with_status = reading.flag(query.delivery_reports)
        return wire.CampaignList(
            info=wire.CampaignsInfo(total_campaigns=total),
            data=[_row(campaign, with_status=with_status) for campaign in page.rows],
            paging=page.paging,
        )

    async def get_campaign_report(self, call: Call[common.ShortPageQuery, None]) -> wire.CampaignReport:
        batch_id = reading.identifier(call.path["campaign_id"], Code.CAMPAIGN_ID_INVALID)
        campaign = await self._services.history.campaign(call.account, batch_id)
        wanted = MessageFilter(batch_id=batch_id, statuses=REPORTED)
        page = await report_page(self._services, call.account, wanted, place(call.query))
        now = datetime.now(UTC)
        return wire.CampaignReport(
            info=_info(campaign),
            data=[report_row(sent, now) for sent in page.rows],
            paging=page.paging,
        )

    async def export_campaign_report_to_csv(self, call: Call[common.ExportQuery, None]) -> Response:
        return csv_file(call, "campaign", REPORT_HEADER, await self._campaign_cells(call))

    async def export_campaign_report_to_xlsx(self, call: Call[common.ExportQuery, None]) -> Response:
        return xlsx_file("campaign", REPORT_HEADER, await self._campaign_cells(call))

    async def _campaign_cells(self, call: AnyCall) -> Chunks:
        batch_id = reading.identifier(call.path["campaign_id"], Code.REPORT_ID_INVALID)
        await self._services.history.campaign(call.account, batch_id)
        wanted = MessageFilter(batch_id=batch_id, statuses=REPORTED)
        return report_cells(self._services, call.account, wanted, datetime.now(UTC))


def _name(batch: Batch) -> str:
    return batch.title or f"Campaign {shapes.when(batch.created_at)}"


def _row(campaign: Campaign, *, with_status: bool) -> wire.CampaignRow:
    batch, sums = campaign.batch, campaign.sums_of(REPORTED)
    return wire.CampaignRow(
        id=to_uuid(batch.id),
        name=_name(batch),
        from_=shapes.sender(batch.originator),
        groups=shapes.groups(batch),
        total_phone_numers=sums.count,
        parts=sums.parts,
        cost=shapes.money(sums.price),
        text=batch.body,
        source=source_of(batch.protocol),
        channel=batch.options.channel.value,  # the first of several: their client knows no other words here
        datetime_added=shapes.when(batch.created_at),
        datetime_scheduled=shapes.when(batch.send_at) if batch.send_at > batch.created_at else None,
        status=_status(campaign) if with_status else UNSET,
    )


def _status(campaign: Campaign) -> wire.CampaignStatus:
    counted = dict.fromkeys((field.name for field in msgspec.structs.fields(wire.CampaignStatus)), 0)
    for status, reason, scheduled, sums in campaign.standings:
        if (bucket := BUCKETS.get(status_of(status, reason, scheduled=scheduled))) is not None:
            counted[bucket] += sums.count
    return wire.CampaignStatus(**counted)


def _info(campaign: Campaign) -> wire.CampaignReportInfo:
    sums = campaign.sums_of(REPORTED)
    return wire.CampaignReportInfo(
        campaign_id=to_uuid(campaign.batch.id),
        campaign_name=_name(campaign.batch),
        channel=shapes.channel_of(campaign.batch),
        total_phone_numbers=sums.count,
        total_cost=shapes.money(sums.price),
        total_parts=sums.parts,
    )
