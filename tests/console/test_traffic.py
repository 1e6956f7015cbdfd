"""The figures of overviews and reports, whatever the clock of who looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.console.traffic import KINDS, beginning, points_of, reached_of
from heliograph.domain.instants import to_ms
from heliograph.domain.reports import Sums, TrafficRow
from heliograph.domain.statuses import Status

ZONES = ["UTC", "Europe/Paris", "Asia/Kathmandu", "America/St_Johns"]
STRETCHES = [timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)]


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),
    st.lists(st.tuples(st.sampled_from(Status), st.floats(0, 1), st.integers(1, 9)), max_size=9),
    st.sampled_from(ZONES).map(ZoneInfo),
    st.sampled_from(STRETCHES),
)
def test_every_message_is_in_one_point_and_one_line(
    now: datetime, sent: list[tuple[Status, float, int]], zone: ZoneInfo, stretch: timedelta
) -> None:
    begins = beginning(now - 20 * stretch, stretch, zone)
    rows = []
    for status, share, count in sent:
        at = beginning(begins + share * (now - begins), stretch, zone)
        rows.append(TrafficRow(to_ms(at), "out", "FR", status, Sums(count, count, 0), 0))

    points = points_of(rows, begins, now, stretch)

    assert sum(sum(point.counts) for point in points) == sum(count for *_, count in sent)
    assert {len(point.counts) for point in points} == {len(KINDS)}
    assert points[0].at == begins
    assert sum(each.messages for each in reached_of(rows)) == sum(count for *_, count in sent)


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_begins_at_midnight_where_the_reader_is(zone: str) -> None:
    began = beginning(datetime(2026, 6, 1, 12, 34, tzinfo=UTC), timedelta(days=1), ZoneInfo(zone))

    assert (began.hour, began.minute, began.date().isoformat()) == (0, 0, "2026-06-01")
