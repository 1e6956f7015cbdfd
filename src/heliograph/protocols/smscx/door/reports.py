"""Reports of messages."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from starlette.responses import Response

from heliograph.domain.accounts import Account
from heliograph.domain.filters import MessageFilter
from heliograph.domain.instants import from_ms, to_ms
from heliograph.domain.prices import MICROS
from heliograph.domain.reports import Sums
from heliograph.domain.statuses import Status
from heliograph.doors import Call
from heliograph.doors.downloads import Chunks
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.filters import report_filter, source_of
from heliograph.protocols.smscx.door.paging import Page, Place, place
from heliograph.protocols.smscx.door.refusals import Codes
from heliograph.protocols.smscx.door.resource import SmscxResource, csv_file, exports, operation, xlsx_file
from heliograph.protocols.smscx.door.statuses import ERROR_CODES, STATUS_CODES, status_of
from heliograph.protocols.smscx.wire import reports as wire
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.exports import Cell
from heliograph.services.history import Sent, SentRow
from heliograph.services.services import Services

REPORT_HEADER = (
    "msgId",
    "campaignId",
    "status",
    "statusCode",
    "errorCode",
    "createdAt",
    "updatedAt",
    "scheduledAt",
    "to",
    "countryIso",
    "from",
    "channel",
    "source",
    "parts",
    "cost",
    "text",
)
_FAILURES = {"FAILED", "REJECTED", "NO COVERAGE"}


class Reports(SmscxResource):
    operations = (
        *exports("/reports", "advanced_report", "Get all messages of a period", query=wire.ReportExportQuery),
        operation(
            "GET",
            "/reports",
            "get_advanced_report",
            "Get a page of the messages of a period (`YYYY-MM`, `YYYY`), or between two days.",
            query=wire.ReportQuery,
            response=wire.AdvancedReport,
        ),
        operation(
            "GET",
            "/reports/single/{msg_id}",
            "get_single_report",
            "Get the status of one message.",
            response=wire.SingleReport,
            codes=Codes(not_found=Code.REPORT_UNKNOWN),
        ),
    )

    async def get_single_report(self, call: Call[None, None]) -> wire.SingleReport:
        message_id = reading.identifier(call.path["msg_id"], Code.REPORT_ID_INVALID)
        sent = await self._services.history.get(call.account, message_id)
        return wire.SingleReport(data=report_row(sent, datetime.now(UTC)))

    async def get_advanced_report(self, call: Call[wire.ReportQuery, None]) -> wire.AdvancedReport:
        now = datetime.now(UTC)
        wanted, _ = report_filter(call.query, now)
        page = await report_page(self._services, call.account, wanted, place(call.query))
        sums = await self._services.history.sums(call.account, wanted)
        return wire.AdvancedReport(
            info=_info(sums),
            data=[report_row(sent, now) for sent in page.rows],
            paging=page.paging,
        )

    async def export_advanced_report_to_csv(self, call: Call[wire.ReportExportQuery, None]) -> Response:
        return csv_file(call, "report", REPORT_HEADER, self._advanced_cells(call))

    async def export_advanced_report_to_xlsx(self, call: Call[wire.ReportExportQuery, None]) -> Response:
        return xlsx_file("report", REPORT_HEADER, self._advanced_cells(call))

    def _advanced_cells(self, call: Call[wire.ReportExportQuery, None]) -> Chunks:
        now = datetime.now(UTC)
        wanted, _ = report_filter(call.query, now)
        return report_cells(self._services, call.account, wanted, now)


async def report_page(services: Services, account: Account, wanted: MessageFilter, at: Place) -> Page[Sent]:
    """Read a page of the messages that are wanted, newest first."""
    found = await services.history.page(account, wanted, **at.range)
    return at.page(found, key=lambda sent: sent.message.id)


async def report_cells(services: Services, account: Account, wanted: MessageFilter, now: datetime) -> Chunks:
    """Write all messages that are wanted as lines of a file, in the order of its header."""
    async for page in services.history.everything(account, wanted):
        yield await asyncio.to_thread(_cells, page, to_ms(now))


def report_row(sent: Sent, now: datetime) -> wire.ReportRow:
    message, batch, rendered = sent
    status = status_of(message.status, message.reason, scheduled=message.due_at > now)
    return wire.ReportRow(
        msg_id=to_uuid(message.id),
        status=status,
        status_code=STATUS_CODES[status],
        error_code=None if status in {"DELIVERED", "ACCEPTED", "SENT"} else ERROR_CODES.get(message.reason),
        in_quiet_hours=shapes.waits_for_morning(message, batch),
        created_at=shapes.when(message.created_at),
        updated_at=shapes.maybe_when(message.settled_at or message.sent_at),
        cost=shapes.money(message.price),
        to=f"+{message.msisdn}",
        country_iso=message.country or shapes.NO_COUNTRY,
        from_=shapes.sender(batch.originator),
        source=source_of(batch.protocol),
        channel=message.channel,
        text=rendered.body,
        text_analysis=shapes.analysis(rendered, message.channel),
        scheduled_at=shapes.when(message.due_at) if batch.send_at > batch.created_at else None,
    )


def _cells(chunk: Sequence[SentRow], now_ms: int) -> list[list[Cell]]:
    """Write lines in the order of the header, without a struct for each: there may be hundreds of thousands."""
    rows: list[list[Cell]] = []
    campaigns: dict[str, str] = {}
    for line, batch, rendered in chunk:
        if batch.id not in campaigns:
            campaigns[batch.id] = to_uuid(batch.id)
        status = status_of(Status(line.status), line.reason, scheduled=line.due_at > now_ms)
        updated_at = line.settled_at or line.sent_at
        rows.append(
            [
                to_uuid(line.id),
                campaigns[batch.id],
                status,
                STATUS_CODES[status],
                ERROR_CODES.get(line.reason) if status in _FAILURES else None,
                _when_ms(line.created_at),
                None if updated_at is None else _when_ms(updated_at),
                _when_ms(line.due_at) if batch.send_at > batch.created_at else None,
                f"+{line.msisdn}",
                line.country or shapes.NO_COUNTRY,
                shapes.sender(batch.originator),
                line.channel,
                source_of(batch.protocol),
                rendered.parts,
                line.price / MICROS,
                rendered.body,
            ]
        )
    return rows


def _when_ms(at_ms: int) -> str:
    return _when_s(at_ms // 1000)


@lru_cache(maxsize=4096)
def _when_s(seconds: int) -> str:
    return shapes.when(from_ms(seconds * 1000))


def _info(sums: Sums) -> wire.ReportInfo:
    return wire.ReportInfo(total_phone_numbers=sums.count, total_cost=shapes.money(sums.price), total_parts=sums.parts)
