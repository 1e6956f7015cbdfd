"""Sums of messages by what they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from heliograph.domain.instants import from_ms
from heliograph.domain.reports import SummaryRow, Sums
from heliograph.doors import Call
from heliograph.protocols.smscx.door import shapes
from heliograph.protocols.smscx.door.filters import report_filter, source_of
from heliograph.protocols.smscx.door.refusals import invalid_param
from heliograph.protocols.smscx.door.resource import SmscxResource, operation
from heliograph.protocols.smscx.door.statuses import BUCKETS, status_of
from heliograph.protocols.smscx.wire import summaries as wire
from heliograph.protocols.smscx.wire.errors import Code


class Summaries(SmscxResource):
    operations = (
        operation(
            "GET",
            "/reports/summary/{dimension}",
            "get_summary_reports",
            "Get sums by `source`, `channel`, `country`, `traffic` or `delivery`.",
            query=wire.SummaryQuery,
            response=wire.SummaryReply,
        ),
    )

    async def get_summary_reports(self, call: Call[wire.SummaryQuery, None]) -> wire.SummaryReply:
        dimension = call.path["dimension"].lower()
        if dimension not in {"source", "channel", "country", "traffic", "delivery"}:
            raise invalid_param(Code.SUMMARY_UNKNOWN, f"There is no summary by {dimension!r}.")
        wanted, period = report_filter(call.query, datetime.now(UTC))
        found = await self._services.history.summary(call.account, wanted)
        return wire.SummaryReply(data=_summary(found, dimension, by_month=period.by_month))


def _summary(
    found: Sequence[SummaryRow], dimension: str, *, by_month: bool
) -> dict[str, wire.Summary | wire.DeliverySummary]:
    """Sum messages by a dimension; by date, a year has months and anything shorter has days."""
    if dimension == "delivery":
        return _delivery(found, by_month=by_month)
    sums: dict[str, list[Sums]] = {}
    for alike in found:
        sums.setdefault(_key(alike, dimension, by_month=by_month), []).append(alike.sums)
    return {
        key: wire.Summary(
            phone_numbers=sum(one.count for one in those),
            parts=sum(one.parts for one in those),
            cost_parts=shapes.money(sum(one.price for one in those)),
        )
        for key, those in sorted(sums.items())
    }


def _key(alike: SummaryRow, dimension: str, *, by_month: bool) -> str:
    if dimension == "source":
        return source_of(alike.protocol)
    if dimension == "channel":
        return alike.channel
    if dimension == "country":
        return alike.country or shapes.NO_COUNTRY
    return _date(alike.day, by_month=by_month)


def _date(day: int, *, by_month: bool) -> str:
    at = from_ms(day * 24 * 60 * 60 * 1000)
    return f"{at:%Y-%m}" if by_month else f"{at:%Y-%m-%d}"


def _delivery(found: Sequence[SummaryRow], *, by_month: bool) -> dict[str, wire.Summary | wire.DeliverySummary]:
    dates: dict[str, dict[str, tuple[int, int]]] = {}
    for alike in found:
        counted = dates.setdefault(_date(alike.day, by_month=by_month), {})
        bucket = BUCKETS.get(status_of(alike.status, alike.reason, scheduled=alike.scheduled))
        if bucket is not None:
            parts, price = counted.get(bucket, (0, 0))
            counted[bucket] = (parts + alike.sums.parts, price + alike.sums.price)
    return {
        date: wire.DeliverySummary(**{bucket: _parts_and_cost(counted.get(bucket, (0, 0))) for bucket in _COUNTERS})
        for date, counted in sorted(dates.items())
    }


_COUNTERS = ("accepted", "delivered", "failed", "scheduled", "no_coverage")


def _parts_and_cost(counted: tuple[int, int]) -> wire.PartsAndCost:
    return wire.PartsAndCost(parts=counted[0], cost_parts=shapes.money(counted[1]))
