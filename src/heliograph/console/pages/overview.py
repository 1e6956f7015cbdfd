"""The overview: how much goes out and arrives, by which provider and where, what it costs, and what needs attention."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from starlette.responses import Response

from heliograph.console.live import live
from heliograph.console.rendering import money
from heliograph.console.texts import text
from heliograph.console.traffic import beginning, figures
from heliograph.console.visits import Page, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.filters import MessageFilter
from heliograph.domain.instants import from_ms, now_ms

RATE_OVER = timedelta(seconds=10)
"""Over which time the rate is measured: what is summed each second stays small."""


class Period(NamedTuple):
    """What the overview is about: how long ago it begins, and what is summed into one point."""

    lasts: timedelta
    stretch: timedelta


PERIODS = {
    "day": Period(timedelta(days=1), timedelta(hours=1)),
    "week": Period(timedelta(days=7), timedelta(days=1)),
    "month": Period(timedelta(days=30), timedelta(days=1)),
}


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
    return visit.page(
        "overview.html",
        **await figures(visit, MessageFilter(since=begins), begins, now, period.stretch),
        period=name if name in PERIODS else "day",
        periods=list(PERIODS),
        balance=await visit.services.money.balance(visit.account),
        notices=await _notices(visit),
        rate=await _rate(visit),
        may_send=visit.may(Scope.MESSAGES_SEND),
    )


async def _notices(visit: Visit) -> list[Notice]:
    """List what needs attention, and where to look."""
    services, account, notices = visit.services, visit.account, []
    if (balance := await services.attention.balance_low(account)) is not None:
        left = money(balance, services.money.currency)
        notices.append(Notice(text("overview.balance_low", left=left), "/overview"))
    for batch in await services.attention.paused_by_themselves(account):
        words = text("overview.paused", name=batch.title or batch.body[:40])
        notices.append(Notice(words, f"/campaigns/{batch.id}"))
    for batch in await services.attention.waiting_for_release(account) if visit.may(Scope.MESSAGES_SEND) else ():
        words = text("overview.waits_for_release", name=batch.title or batch.body[:40])
        notices.append(Notice(words, f"/campaigns/{batch.id}"))
    for verdict in await services.verify.guarded(account):
        notices.append(Notice(text("overview.guarded", why=verdict.sentence), "/codes"))
    for failing in await services.attention.failing_callbacks(account):
        words = text("overview.callbacks_fail", count=failing.events, place=failing.place)
        notices.append(Notice(words, "/callbacks"))
    for name, _ in services.attention.out_of_service() if visit.may(Scope.ADMIN) else ():
        notices.append(Notice(text("overview.out_of_service", provider=name), "/providers"))
    for name in services.attention.paused_providers() if visit.may(Scope.ADMIN) else ():
        notices.append(Notice(text("overview.provider_paused", provider=name), "/providers"))
    return notices


async def events(visit: Visit) -> Response:
    """Show how many messages come in, while somebody looks."""

    async def fragments() -> Mapping[str, str]:
        return {"rate": visit.rendered("overview_rate.html", rate=await _rate(visit))}

    return live(visit, f"account:{visit.account.id}", fragments)


async def _rate(visit: Visit) -> float:
    """Return how many messages a second were accepted lately."""
    since = from_ms(now_ms()) - RATE_OVER
    return (await visit.services.history.sums(visit.account, MessageFilter(since=since))).count / RATE_OVER.seconds


async def counted(visit: Visit) -> Response:
    """Say how much needs attention, for the top of every page, which asks for it once it is there."""
    count = await visit.services.attention.count_lately(visit.account, everywhere=visit.may(Scope.ADMIN))
    return visit.fragment("attention.html", count=count)


PAGE = Page(
    "overview",
    (
        View("/overview", Scope.MESSAGES_READ, show),
        View("/overview/events", Scope.MESSAGES_READ, events),
        View("/overview/attention", Scope.MESSAGES_READ, counted),
    ),
)
