"""What customers of SMS.CX write, as our values; what can't be is refused with the code that the reference has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from msgspec import UNSET, UnsetType

from heliograph.domain.bounded import count_in, time_in
from heliograph.domain.channels import Channel
from heliograph.domain.errors import InvalidField, NotFound
from heliograph.domain.filters import MessageFilter
from heliograph.domain.statuses import Reason
from heliograph.numbers import region_named
from heliograph.protocols.shared.uuids import from_uuid
from heliograph.protocols.smscx import wire
from heliograph.protocols.smscx.door.refusals import invalid_param
from heliograph.protocols.smscx.door.shapes import DELIVERY_REPORTS, MULTICHANNEL, NO_COUNTRY, REPORTED, SOURCES, Doors
from heliograph.protocols.smscx.wire.errors import Code

_TRUE, _FALSE = {"true", "1"}, {"false", "0", ""}
_PERIOD = re.compile(r"([0-9]{4})(?:-(0[1-9]|1[0-2]))?")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_CHANNELS = {*Channel, MULTICHANNEL}


def flag(text: str) -> bool:
    """Python writes True, PHP 1. InvalidField for what is neither."""
    lower = text.lower()
    if lower not in _TRUE | _FALSE:
        raise InvalidField(f"{text!r} is neither true nor false.")
    return lower in _TRUE


def number(text: str) -> int:
    """A number in a path; what is none is not found."""
    found = count_in(text)
    if found is None:
        raise NotFound(f"There is nothing with the number {text!r}.")
    return found


def identifier(text: str, code: Code) -> str:
    """An identifier in a path; `code` is what its misspelling is refused with."""
    try:
        return from_uuid(text)
    except ValueError as error:
        raise invalid_param(code, f"{text!r} is not an identifier.") from error


def known(text: str) -> str:
    """An identifier in a path; what is none is not found."""
    try:
        return from_uuid(text)
    except ValueError as error:
        raise NotFound(f"There is nothing with the identifier {text!r}.") from error


def country(text: object) -> str | None:
    """The country that a `countryIso` names; what names none leaves national numbers unread."""
    return region_named(text) if isinstance(text, str) else None


def channel(text: str, code: Code) -> Channel:
    """In letters of either case; `code` is what a word for none is refused with."""
    try:
        return Channel(text.lower())
    except ValueError as error:
        raise invalid_param(code, f"There is no channel {text!r}.") from error


def moment(text: str | UnsetType | None) -> datetime | None:
    """`YYYY-MM-DD HH:MM:SS`, with a blank or a T, with or without an offset; naive if it has none. 1108."""
    if text is UNSET or text is None or not text:
        return None
    at = time_in(text.strip())
    if at is None:
        raise invalid_param(Code.SCHEDULED_DATE_INVALID, f"{text!r} is not a date.")
    return at


class Period(NamedTuple):
    since: datetime
    until: datetime
    by_month: bool
    """It is a whole year."""


def period(query: wire.reports.ReportQuery) -> Period:
    """An interval if both of its ends are there, else the period. Raises 1820 to 1824."""
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
    """The doors that are meant; of nothing: all. 1825."""
    if not text:
        return Doors()
    if text.lower() not in SOURCES:
        raise invalid_param(Code.SOURCE_UNKNOWN, f"There is no source {text!r}.")
    return SOURCES[text.lower()]


def report_filter(query: wire.reports.ReportQuery, now: datetime) -> tuple[MessageFilter, Period]:
    """What a row shows is what it is found by. Raises 1820 to 1828."""
    asked = period(query)
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
