"""Which messages a report is about: its period, the doors that they came by, and what became of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from heliograph.domain.channels import Channel
from heliograph.domain.filters import MessageFilter
from heliograph.domain.statuses import Reason
from heliograph.protocols.smscx import wire
from heliograph.protocols.smscx.door.refusals import invalid_param
from heliograph.protocols.smscx.door.shapes import MULTICHANNEL, NO_COUNTRY
from heliograph.protocols.smscx.door.statuses import DELIVERY_REPORTS, REPORTED
from heliograph.protocols.smscx.wire.errors import Code

_PERIOD = re.compile(r"([0-9]{4})(?:-(0[1-9]|1[0-2]))?")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_CHANNELS = {*Channel, MULTICHANNEL}
#: What they call the doors that are no API. Sources that we have no door for never have any messages.
_SOURCE_OF: Mapping[str, str] = {
    "smpp": "smpp",
    "console": "webapp",
    "excel": "excel",
    "plugin": "plugin",
    "alerts": "alerts",
}
_API = "api"
"""The source that SMS.CX calls every door without a name of its own."""


class Doors(NamedTuple):
    """The doors that a source of a report stands for."""

    protocols: Sequence[str] = ()
    """Only these doors; empty means all."""
    other_protocols: Sequence[str] = ()
    """Every door but these; empty leaves none out."""


#: The words of `source_of`, and what is shown with each.
SOURCES: Mapping[str, Doors] = {
    _API: Doors(other_protocols=list(_SOURCE_OF)),
    **{source: Doors(protocols=[protocol]) for protocol, source in _SOURCE_OF.items()},
}


def source_of(protocol: str) -> str:
    """Name the door as a source: `api` unless it is one of the few that have names of their own."""
    return _SOURCE_OF.get(protocol, _API)


class Period(NamedTuple):
    """The period of a report, from its first moment to the moment after its last."""

    since: datetime
    until: datetime
    by_month: bool
    """Whether it is a whole year, which is summed by months."""


def _period(query: wire.reports.ReportQuery) -> Period:
    """Read the interval if both of its ends are there, else the period. Raises a refusal for what is neither."""
    if query.start_date and query.end_date:
        start, end = _day(query.start_date, Code.START_DATE_INVALID), _day(query.end_date, Code.END_DATE_INVALID)
        if end < start:
            raise invalid_param(Code.END_BEFORE_START, "The end is before the start.")
        return Period(start, end + timedelta(days=1), by_month=False)
    if not query.period:
        raise invalid_param(Code.PERIOD_MISSING, "Give a period, or both a start and an end.")
    match = _PERIOD.fullmatch(query.period)
    if match is None or not 1970 <= int(match[1]) <= 9998:
        raise invalid_param(Code.PERIOD_INVALID, "A period is YYYY or YYYY-MM.")
    year, month = int(match[1]), match[2]
    if month is None:
        return Period(datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC), by_month=True)
    start = datetime(year, int(month), 1, tzinfo=UTC)
    return Period(start, (start + timedelta(days=31)).replace(day=1), by_month=False)


def _day(text: str, code: Code) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise invalid_param(code, f"{text!r} is not a date: YYYY-MM-DD.") from error
    if not 1970 <= day.year <= 9998:
        raise invalid_param(code, f"{text!r} is out of range.")
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def source(text: str) -> Doors:
    """Read which doors a source stands for; all if it is empty. Raises a refusal for a word that is none."""
    if not text:
        return Doors()
    if text.lower() not in SOURCES:
        raise invalid_param(Code.SOURCE_UNKNOWN, f"There is no source {text!r}.")
    return SOURCES[text.lower()]


def report_filter(query: wire.reports.ReportQuery, now: datetime) -> tuple[MessageFilter, Period]:
    """Read which messages a report is about: each is found by what its row shows, in letters of either case.

    Raises a refusal for a period or a filter that can't be.
    """
    asked = _period(query)
    report, by = query.delivery_report.lower(), query.channel.lower()
    if report and report not in DELIVERY_REPORTS:
        raise invalid_param(Code.DELIVERY_REPORT_UNKNOWN, f"There is no delivery report {query.delivery_report!r}.")
    if by and by not in _CHANNELS:
        raise invalid_param(Code.REPORT_CHANNEL_UNKNOWN, f"There is no channel {query.channel!r}.")
    doors = source(query.source)
    return (
        MessageFilter(
            since=asked.since,
            until=asked.until,
            protocols=doors.protocols,
            other_protocols=doors.other_protocols,
            channel=by if by in set(Channel) else None,
            planned=by == MULTICHANNEL,
            countries=_countries(query.country_iso),
            statuses=DELIVERY_REPORTS[report] if report else REPORTED,
            without_reasons=[Reason.NO_COVERAGE] if report else (),
            due_since=now if report == "scheduled" else None,
            due_until=now if report == "accepted" else None,
        ),
        asked,
    )


def _countries(text: str) -> Sequence[str | None]:
    if not text:
        return ()
    if not _COUNTRY.fullmatch(text):
        raise invalid_param(Code.REPORT_COUNTRY_INVALID, f"{text!r} is not a country: two letters.")
    return [None if text.upper() == NO_COUNTRY else text.upper()]
