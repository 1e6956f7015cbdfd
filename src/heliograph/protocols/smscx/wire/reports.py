"""Reports of messages."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from heliograph.protocols.smscx.wire.common import Ours, Paging, ShortPageQuery, TextAnalysis, Wire


class ReportQuery(ShortPageQuery, rename=None):
    period: str = ""
    start_date: str = ""
    end_date: str = ""
    channel: str = ""
    source: str = ""
    delivery_report: str = ""
    country_iso: str = ""


class ReportExportQuery(ReportQuery, rename=None):
    bom: Ours = ""


class ReportRow(Wire):
    msg_id: str
    status: str
    status_code: int
    error_code: int | None
    in_quiet_hours: bool
    created_at: str
    updated_at: str | None
    cost: float
    to: str
    country_iso: str
    from_: str = msgspec.field(name="from")
    source: str
    channel: str
    text: str
    text_analysis: TextAnalysis
    scheduled_at: str | None


class SingleReport(Wire):
    data: ReportRow


class ReportInfo(Wire):
    total_phone_numbers: int
    total_cost: float
    total_parts: int


class AdvancedReport(Wire):
    info: ReportInfo
    data: Sequence[ReportRow]
    paging: Paging
