"""Reports of campaigns."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.protocols.smscx.wire.common import Flag, PageQuery, Paging, Wire
from heliograph.protocols.smscx.wire.reports import ReportInfo, ReportRow
from heliograph.protocols.smscx.wire.sending import GroupInfo


class CampaignsQuery(PageQuery, rename=None):
    delivery_reports: Flag = ""
    source: str = ""


class CampaignReportInfo(ReportInfo):
    campaign_id: str
    campaign_name: str
    channel: str


class CampaignReport(Wire):
    info: CampaignReportInfo
    data: Sequence[ReportRow]
    paging: Paging


class CampaignStatus(Wire):
    accepted: int
    delivered: int
    failed: int
    scheduled: int
    no_coverage: int


class CampaignRow(Wire):
    id: str
    name: str
    from_: str = msgspec.field(name="from")
    groups: Sequence[GroupInfo]
    total_phone_numers: int
    parts: int
    cost: float
    text: str
    source: str
    channel: str
    datetime_added: str
    datetime_scheduled: str | None
    status: CampaignStatus | UnsetType = UNSET


class CampaignsInfo(Wire):
    total_campaigns: int


class CampaignList(Wire):
    info: CampaignsInfo
    data: Sequence[CampaignRow]
    paging: Paging
