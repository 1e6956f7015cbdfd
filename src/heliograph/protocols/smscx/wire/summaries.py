"""Sums of messages."""

from __future__ import annotations

from collections.abc import Mapping

from heliograph.protocols.smscx.wire.common import Ours, Wire
from heliograph.protocols.smscx.wire.reports import ReportQuery


class SummaryQuery(ReportQuery, rename=None):
    """The period of a summary, and filters, which are ours."""

    channel: Ours = ""
    source: Ours = ""
    delivery_report: Ours = ""
    country_iso: Ours = ""


class Summary(Wire):
    phone_numbers: int = 0
    parts: int = 0
    cost_parts: float = 0.0


class PartsAndCost(Wire):
    parts: int = 0
    cost_parts: float = 0.0


class DeliverySummary(Wire):
    accepted: PartsAndCost
    delivered: PartsAndCost
    failed: PartsAndCost
    scheduled: PartsAndCost
    no_coverage: PartsAndCost


class SummaryReply(Wire):
    data: Mapping[str, Summary | DeliverySummary]
