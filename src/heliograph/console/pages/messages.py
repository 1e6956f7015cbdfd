"""Messages: found by number, status and time, and one of them with all that happened to it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from starlette.responses import Response

from heliograph.console.texts import text
from heliograph.console.visits import Flash, Page, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.attempts import Attempt
from heliograph.domain.batches import BodyKind
from heliograph.domain.callbacks import NATIVE
from heliograph.domain.channels import Channel
from heliograph.domain.errors import InvalidField
from heliograph.domain.filters import MessageFilter
from heliograph.domain.ids import following, new_id
from heliograph.domain.listing import Listed
from heliograph.domain.messages import Message
from heliograph.domain.prices import MICROS
from heliograph.domain.statuses import MEANING, Status, explanation
from heliograph.doors.downloads import csv_download, xlsx_download
from heliograph.doors.filters import msisdn_filter, originator_filter
from heliograph.services.exports import Cell

ON_A_PAGE = 50
_USUAL = ("q", "status", "since", "until")
_MORE = ("originator", "channel", "provider", "country", "tag", "reference", "batch")
_FIELDS = (*_USUAL, *_MORE)
_COUNTRY = re.compile("[A-Za-z]{2}")
_NUMBER = re.compile(r"[+\d][\d\s().-]{3,}")


async def listed(visit: Visit) -> Response:
    """Show the messages that the address asks for, newest first."""
    asked = _asked(visit)
    wanted, problems = wanted_messages(asked, visit.account.default_region, visit.zone)
    before = visit.query.get("before") or None
    try:
        found = await visit.services.messages.listing(visit.account, wanted, limit=ON_A_PAGE, before=before)
    except InvalidField as error:  # of what is looked for
        problems["q"] = error.message
        found = Listed([], None)
    return visit.page(
        "messages.html",
        asked=asked,
        problems=problems,
        messages=found.items,
        next=found.next,
        first=before is None,
        filtered=any(asked.values()),
        more=any(asked[name] for name in _MORE),
        named_statuses=[(status, text(f"status.{status}")) for status in Status],
        channels=[(channel, text(f"channel.{channel}")) for channel in sorted(visit.services.channels)],
        currency=visit.services.money.currency,
    )


def _asked(visit: Visit) -> dict[str, str]:
    return {name: visit.query.get(name, "").strip() for name in _FIELDS}


async def exported(visit: Visit) -> Response:
    """Answer with all messages that the address asks for as a file: CSV for spreadsheets, or XLSX."""
    wanted, _ = wanted_messages(_asked(visit), visit.account.default_region, visit.zone)
    found = visit.services.messages.everything(visit.account, wanted)
    header = [text(f"messages.column_{name}") for name in _COLUMNS]

    async def rows() -> AsyncIterator[Sequence[Sequence[Cell]]]:
        async for some in found:
            yield [[_cell(message, name) for name in _COLUMNS] for message in some]

    if visit.query.get("format") == "xlsx":
        return xlsx_download("messages", header, rows())
    return csv_download("messages", header, rows(), bom=True)


_COLUMNS = (
    *("id", "batch_id", "msisdn", "originator", "text", "status", "why", "country", "channel", "provider"),
    *("parts", "price", "created_at", "sent_at", "settled_at"),
)


def _cell(message: Message, name: str) -> Cell:
    value = getattr(message, name)
    if isinstance(value, datetime):
        return value.isoformat()
    if name == "price":
        return float(value) / MICROS
    return f"+{value}" if name == "msisdn" else value


def wanted_messages(
    asked: Mapping[str, str], region: str | None, zone: ZoneInfo
) -> tuple[MessageFilter, dict[str, str]]:
    """Read a filter, and say by field what is none; such a field filters nothing."""
    problems: dict[str, str] = {}

    def day(name: str, *, after: int = 0) -> datetime | None:
        if not asked[name]:
            return None
        try:
            return datetime.combine(date.fromisoformat(asked[name]) + timedelta(days=after), time(), zone)
        except (ValueError, OverflowError):
            problems[name] = text("messages.not_a_day")
            return None

    q, is_number = asked["q"], _NUMBER.fullmatch(asked["q"]) is not None
    if asked["country"] and not _COUNTRY.fullmatch(asked["country"]):
        problems["country"] = text("messages.not_a_country")
    wanted = MessageFilter(
        batch_id=asked["batch"] or None,
        msisdns=msisdn_filter(q, region) if is_number else (),
        text=q if q and not is_number else "",
        client_reference=asked["reference"] or None,
        provider=asked["provider"] or None,
        countries=[asked["country"].upper()] if _COUNTRY.fullmatch(asked["country"]) else (),
        tags=[asked["tag"]] if asked["tag"] else (),
        statuses=[Status(asked["status"])] if asked["status"] in MEANING else (),
        originators=[originator_filter(asked["originator"])] if asked["originator"] else (),
        channel=asked["channel"] if asked["channel"] in {*Channel} else None,
        since=day("since"),
        until=day("until", after=1),
    )
    return wanted, problems


async def one(visit: Visit) -> Response:
    """Show one message with everything that is known of it."""
    services, account = visit.services, visit.account
    sent = await services.history.get(account, visit.named("message_id"))
    message = sent.message
    _, wait = await services.messages.why(account, message.id)
    return visit.page(
        "message.html",
        message=message,
        batch=sent.batch,
        body=sent.rendered.body,
        values=sent.rendered.values or {},
        wait=wait,
        why=None if message.reason is None else explanation(message.reason, message.detail),
        happened=_happened(message, await services.messages.attempts(account, message.id)),
        told=await services.messages.told(account, message),
        way=services.messages.way(message, sent.batch.tags) if visit.may(Scope.ADMIN) else None,
        meaning=MEANING[message.status],
        currency=services.money.currency,
        once=new_id(),
        may_send=visit.may(Scope.MESSAGES_SEND),
        is_text=sent.batch.kind is BodyKind.TEXT,
    )


class Happened(NamedTuple):
    """A line of a message's history."""

    at: datetime
    what: str
    """What happened, in words."""
    why: str | None = None
    attempt: Attempt | None = None


def _happened(message: Message, attempts: Sequence[Attempt]) -> list[Happened]:
    """List what happened to a message, oldest first."""
    lines = [Happened(message.created_at, text("messages.accepted_at"))]
    for each in attempts:
        what = text(f"messages.attempt_{each.outcome}", provider=each.provider)
        lines.append(Happened(each.at, what, explanation(each.reason, each.detail), each))
    if message.settled_at is not None:
        lines.append(Happened(message.settled_at, text(f"status.{message.status}")))
    if message.confirmed_at is not None:
        lines.append(Happened(message.confirmed_at, text("messages.confirmed")))
    return sorted(lines, key=lambda line: line.at)


async def again(visit: Visit) -> Response:
    """Send a message once more; a form that is posted twice sends once."""
    message = await visit.services.messages.get(visit.account, visit.named("message_id"))
    key = f"console {visit.typed.text('once') or new_id()}"
    created = await visit.services.batches.send_again(visit.account, message, protocol=NATIVE, idempotency_key=key)
    flash = Flash("messages.again_done", {"number": f"+{message.msisdn}"})
    return visit.go(f"/messages/{following(created.batch.id, 1)[0]}", flash)


PAGE = Page(
    "messages",
    (
        View("/messages", Scope.MESSAGES_READ, listed),
        View("/messages/export", Scope.MESSAGES_READ, exported),
        View("/messages/{message_id}", Scope.MESSAGES_READ, one),
        View("/messages/{message_id}/again", Scope.MESSAGES_SEND, again, "POST"),
    ),
)
