"""When a batch is due, by the clock on each recipient's wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from heliograph.domain.batches import Batch, BodyKind, Options, ReportWish
from heliograph.domain.instants import from_ms
from heliograph.domain.local_times import after_quiet, due_times
from heliograph.numbers import time_zone_of

PARIS, WASHINGTON, LOS_ANGELES, NOWHERE = "33612345678", "12025550123", "14155550123", "9991234567"
NOON = datetime(2030, 1, 15, 12, 0, tzinfo=UTC)


def due(*numbers: str, at: datetime = NOON, made: datetime = NOON - timedelta(days=9), **options: Any) -> list[str]:
    batch = Batch(
        id="0" * 26,
        account_id="A" * 26,
        protocol="v1",
        kind=BodyKind.TEXT,
        originator=None,
        body="",
        udh="",
        parameters=None,
        recipients=numbers,
        groups=[],
        recipient_count=len(numbers),
        send_at=at,
        expire_at=at,
        callback_url=None,
        report=ReportWish.NONE,
        tags=[],
        title=None,
        client_reference=None,
        flash=False,
        max_parts=None,
        created_at=made,
        modified_at=made,
        options=Options(**options),
    )
    return [f"{from_ms(each):%d %H:%M}" for each in due_times(batch, numbers)]


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        (PARIS, "Europe/Paris"),
        (WASHINGTON, "America/New_York"),
        (LOS_ANGELES, "America/Los_Angeles"),
        (NOWHERE, "Etc/UTC"),
        ("7", "Etc/UTC"),
    ],
)
def test_a_number_has_a_time_zone(number: str, zone: str) -> None:
    assert time_zone_of(number) == zone


def test_one_moment_for_everybody_unless_asked_otherwise() -> None:
    assert due(PARIS, LOS_ANGELES) == ["15 12:00", "15 12:00"]


def test_the_same_time_on_each_wall() -> None:
    assert due(PARIS, WASHINGTON, LOS_ANGELES, NOWHERE, local_time=True) == [
        "15 11:00",
        "15 17:00",
        "15 20:00",
        "15 12:00",
    ]


def test_where_the_time_is_over_already_it_is_now() -> None:
    assert due(PARIS, LOS_ANGELES, made=NOON, local_time=True) == ["15 12:00", "15 20:00"]


def test_quiet_hours_are_each_recipients_own() -> None:
    # 12:00 in UTC is 04:00 in Los Angeles and 13:00 in Paris.
    assert due(PARIS, LOS_ANGELES, quiet=(21 * 60 + 30, 9 * 60 + 30)) == ["15 12:00", "15 17:31"]


@pytest.mark.parametrize(
    ("at", "start", "stop", "then"),
    [
        ("21:55", "21:30", "09:30", "09:31"),  # the reference's own example
        ("21:29", "21:30", "09:30", "21:29"),
        ("09:30", "21:30", "09:30", "09:31"),
        ("09:31", "21:30", "09:30", "09:31"),
        ("12:00", "11:00", "13:00", "13:01"),
        ("12:00", "12:00", "12:00", "12:00"),
    ],
)
def test_what_falls_into_the_quiet_hours_waits_for_their_end(at: str, start: str, stop: str, then: str) -> None:
    def minutes(clock: str) -> int:
        hours, rest = clock.split(":")
        return int(hours) * 60 + int(rest)

    paris = ZoneInfo("Europe/Paris")
    moment = datetime(2030, 6, 1, minutes(at) // 60, minutes(at) % 60, tzinfo=paris)

    found = after_quiet(moment, minutes(start), minutes(stop))

    assert f"{found:%H:%M}" == then
    assert timedelta(0) <= found - moment < timedelta(days=1)
