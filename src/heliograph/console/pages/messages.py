"""Messages: found by number, status and time, and one of them with all that happened to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from starlette.responses import Response

from heliograph.console.texts import text
from heliograph.console.visits import Page, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.channels import Channel
from heliograph.domain.filters import MessageFilter
from heliograph.domain.statuses import MEANING, Status
from heliograph.doors.filters import msisdn_filter, originator_filter

ON_A_PAGE = 50
_FIELDS = ("q", "status", "originator", "channel", "since", "until")
_NUMBER = re.compile(r"[+\d][\d\s().-]{3,}")


async def listed(visit: Visit) -> Response:
    """Show the messages that the address asks for, newest first."""
    asked = {name: visit.query.get(name, "").strip() for name in _FIELDS}
    wanted, problems = wanted_messages(asked, visit.account.default_region, visit.zone)
    before = visit.query.get("before") or None
    found = await visit.services.messages.listing(visit.account, wanted, limit=ON_A_PAGE, before=before)
    return visit.page(
        "messages.html",
        asked=asked,
        problems=problems,
        messages=found.items,
        next=found.next,
        first=before is None,
        filtered=any(asked.values()),
        named_statuses=[(status, text(f"status.{status}")) for status in Status],
        channels=[(channel, text(f"channel.{channel}")) for channel in sorted(visit.services.channels)],
        currency=visit.services.money.currency,
    )


def wanted_messages(
    asked: Mapping[str, str], region: str | None, zone: ZoneInfo
) -> tuple[MessageFilter, Mapping[str, str]]:
    """Read a filter, and say by field what is none; such a field filters nothing."""
    problems: dict[str, str] = {}

    def day(name: str, *, after: int = 0) -> datetime | None:
        if not asked[name]:
            return None
        try:
            return datetime.combine(date.fromisoformat(asked[name]) + timedelta(days=after), time(), zone)
        except (ValueError, OverflowError):
            problems[name] = "messages.not_a_day"
            return None

    q, is_number = asked["q"], _NUMBER.fullmatch(asked["q"]) is not None
    wanted = MessageFilter(
        msisdns=msisdn_filter(q, region) if is_number else (),
        client_reference=q if q and not is_number else None,
        statuses=[Status(asked["status"])] if asked["status"] in MEANING else (),
        originators=[originator_filter(asked["originator"])] if asked["originator"] else (),
        channel=asked["channel"] if asked["channel"] in {*Channel} else None,
        since=day("since"),
        until=day("until", after=1),
    )
    return wanted, problems


async def one(visit: Visit) -> Response:
    """Show one message with everything that is known of it."""
    sent = await visit.services.history.get(visit.account, visit.named("message_id"))
    _, wait = await visit.services.messages.why(visit.account, sent.message.id)
    return visit.page(
        "message.html",
        message=sent.message,
        batch=sent.batch,
        body=sent.rendered.body,
        wait=wait,
        attempts=await visit.services.messages.attempts(visit.account, sent.message.id),
        meaning=MEANING[sent.message.status],
        currency=visit.services.money.currency,
    )


PAGE = Page(
    "messages",
    (
        View("/messages", Scope.MESSAGES_READ, listed),
        View("/messages/{message_id}", Scope.MESSAGES_READ, one),
    ),
)
