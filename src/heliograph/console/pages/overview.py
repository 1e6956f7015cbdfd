"""The overview: how much goes out and arrives, by which provider and where, what it costs, and what needs attention."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from starlette.responses import Response

from heliograph.console.rendering import money
from heliograph.console.texts import text
from heliograph.console.visits import Page, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.filters import MessageFilter
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.reports import TrafficRow
from heliograph.domain.statuses import OPEN, SETTLED, Status

MOST_ROWS = 30
"""How many providers and countries the table has: those with the most messages."""


class Period(NamedTuple):
    """What the overview is about: how long ago it begins, and what is summed into one point."""

    lasts: timedelta
    stretch: timedelta


PERIODS = {
    "day": Period(timedelta(days=1), timedelta(hours=1)),
    "week": Period(timedelta(days=7), timedelta(days=1)),
    "month": Period(timedelta(days=30), timedelta(days=1)),
}
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


class Notice(NamedTuple):
    """Something that needs attention, and the page that is about it."""

    words: str
    path: str


async def show(visit: Visit) -> Response:
    """Show the last day, week or month."""
    name = visit.query.get("period", "day")
    period = PERIODS.get(name, PERIODS["day"])
    now = from_ms(now_ms())
    begins = beginning(now - period.lasts, period.stretch, visit.zone)
    offset = now.astimezone(visit.zone).utcoffset() or timedelta()
    rows = await visit.services.history.traffic(
        visit.account, MessageFilter(since=begins), stretch=period.stretch, offset=offset
    )
    return visit.page(
        "overview.html",
        period=name if name in PERIODS else "day",
        periods=list(PERIODS),
        kinds=list(KINDS),
        points=points_of(rows, begins, now, period.stretch),
        hourly=period.stretch < timedelta(days=1),
        reached=reached_of(rows),
        total=sum(row.sums.count for row in rows),
        spent=sum(row.sums.price for row in rows),
        currency=visit.services.money.currency,
        balance=await visit.services.money.balance(visit.account),
        notices=await _notices(visit),
        may_send=visit.may(Scope.MESSAGES_SEND),
    )


def beginning(at: datetime, stretch: timedelta, zone: ZoneInfo) -> datetime:
    """Return the beginning of the stretch that a moment is in, by the clock of a zone."""
    there = at.astimezone(zone)
    return there.replace(hour=there.hour if stretch < timedelta(days=1) else 0, minute=0, second=0, microsecond=0)


def points_of(rows: Iterable[TrafficRow], begins: datetime, now: datetime, stretch: timedelta) -> list[Point]:
    """Sum the messages of each stretch by kind, those without any among them."""
    kind_of = {status: place for place, statuses in enumerate(KINDS.values()) for status in statuses}
    number = (now - begins) // stretch + 1
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


async def _notices(visit: Visit) -> list[Notice]:
    """List what needs attention, and where to look."""
    services, account, notices = visit.services, visit.account, []
    balance, yesterday = await services.money.balance(account), from_ms(now_ms()) - timedelta(days=1)
    if balance is not None:
        spent = (await services.history.sums(account, MessageFilter(since=yesterday))).price
        if balance < spent:
            left = money(balance, services.money.currency)
            notices.append(Notice(text("overview.balance_low", left=left), "/overview"))
    for batch in await services.attention.paused_by_themselves(account):
        words = text("overview.paused", name=batch.title or batch.body[:40])
        notices.append(Notice(words, f"/campaigns/{batch.id}"))
    for failing in await services.attention.failing_callbacks(account):
        words = text("overview.callbacks_fail", count=failing.events, place=failing.place)
        notices.append(Notice(words, "/messages"))
    for name, _ in services.attention.out_of_service() if visit.may(Scope.ADMIN) else ():
        notices.append(Notice(text("overview.out_of_service", provider=name), "/messages"))
    return notices


PAGE = Page("overview", (View("/overview", Scope.MESSAGES_READ, show),))
