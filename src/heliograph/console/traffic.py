"""What became of messages, over time and by provider and country: the figures of overviews and reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from heliograph.console.visits import Visit
from heliograph.domain.filters import MessageFilter
from heliograph.domain.instants import from_ms
from heliograph.domain.reports import TrafficRow
from heliograph.domain.statuses import OPEN, SETTLED, Status

MOST_ROWS = 30
"""How many providers and countries the table has: those with the most messages."""
KINDS = {
    "delivered": {Status.DELIVERED},
    "failed": SETTLED - {Status.DELIVERED, Status.CANCELED},
    "canceled": {Status.CANCELED},
    "under_way": OPEN,
}
"""Which statuses are one line of the chart."""


class Point(NamedTuple):
    at: datetime
    counts: Sequence[int]
    """One for each of KINDS."""


class Reached(NamedTuple):
    """What became of messages by one provider to one country."""

    provider: str | None
    country: str | None
    messages: int
    delivered: int
    ended: int
    """How many have ended in any way but being canceled."""
    latency_ms: int
    price: int

    @property
    def share(self) -> float | None:
        """Return the share that was delivered of what has ended; None if nothing has."""
        return self.delivered / self.ended if self.ended else None

    @property
    def latency_s(self) -> float | None:
        """Return how long delivering took on average, in seconds; None if nothing was delivered."""
        return self.latency_ms / self.delivered / 1_000 if self.delivered else None


async def figures(
    visit: Visit,
    wanted: MessageFilter,
    begins: datetime,
    ends: datetime,
    stretch: timedelta,
    *,
    by_end: bool = False,
) -> Mapping[str, object]:
    """Read what `traffic.html` shows of the messages of a time, by stretches that begin by the reader's clock.

    A message counts when it was accepted or, with `by_end`, when the last was heard of it.
    """
    begins = beginning(begins, stretch, visit.zone)
    offset = ends.astimezone(visit.zone).utcoffset() or timedelta()
    rows = await visit.services.history.traffic(visit.account, wanted, stretch=stretch, offset=offset, by_end=by_end)
    return {
        "kinds": list(KINDS),
        "points": points_of(rows, begins, ends, stretch),
        "reached": reached_of(rows),
        "total": sum(row.sums.count for row in rows),
        "spent": sum(row.sums.price for row in rows),
        "currency": visit.services.money.currency,
    }


def beginning(at: datetime, stretch: timedelta, zone: ZoneInfo) -> datetime:
    """Return the beginning of the stretch that a moment is in, by the clock of a zone."""
    there = at.astimezone(zone)
    midnight = there.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (there - midnight) // stretch * stretch


def points_of(rows: Iterable[TrafficRow], begins: datetime, ends: datetime, stretch: timedelta) -> list[Point]:
    """Sum the messages of each stretch by kind, those without any among them."""
    kind_of = {status: place for place, statuses in enumerate(KINDS.values()) for status in statuses}
    number = (ends - begins) // stretch + 1
    counts = [[0] * len(KINDS) for _ in range(number)]
    for row in rows:
        place = min(max((from_ms(row.at_ms) - begins + stretch / 2) // stretch, 0), number - 1)
        counts[place][kind_of[row.status]] += row.sums.count
    return [Point(begins + place * stretch, each) for place, each in enumerate(counts)]


def reached_of(rows: Iterable[TrafficRow]) -> list[Reached]:
    """Sum the messages of each provider and country, the most first."""
    found: dict[tuple[str | None, str | None], Reached] = {}
    for row in rows:
        key = (row.provider, row.country)
        known = found.get(key, Reached(*key, 0, 0, 0, 0, 0))
        count, is_delivered = row.sums.count, row.status is Status.DELIVERED
        found[key] = known._replace(
            messages=known.messages + count,
            delivered=known.delivered + (count if is_delivered else 0),
            ended=known.ended + (count if row.status in SETTLED - {Status.CANCELED} else 0),
            latency_ms=known.latency_ms + row.latency_ms,
            price=known.price + row.sums.price,
        )
    return sorted(found.values(), key=lambda each: -each.messages)[:MOST_ROWS]
