"""Sending: a text is written, looked at with what it would come to, and only then sent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from starlette.responses import Response

from heliograph.console.texts import text
from heliograph.console.visits import Flash, Page, Typed, Undo, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.batches import Draft, Options
from heliograph.domain.callbacks import NATIVE
from heliograph.domain.channels import Channel, Fallback
from heliograph.domain.directory import TemplateWish
from heliograph.domain.errors import HeliographError, InvalidField, InvalidSchedule
from heliograph.domain.ids import new_id
from heliograph.domain.releases import Release
from heliograph.domain.statuses import explain
from heliograph.services.batches import DryRun
from heliograph.services.composing import counted, without_foreign

_FIELDS = {"from": "originator", "body": "text", "parameters": "text", "channel": "channel", "fallbacks": "channel"}
"""Which field of the form an error of the services is about."""
_NOT_SENT = {"do", "once", "form_token", "checked"}
_BOUNDS = {"least_delivered": "90", "most_failed": "10", "most_opted_out": "1"}
"""What the share that goes first has to keep to, and what is proposed, in percent."""
_BETWEEN = re.compile(r"[\n,;]+")
_PREVIEWS = 3
_MOST_GROUPS = 200


async def begun(visit: Visit) -> Response:
    """Show an empty form, or one that begins with what the address says."""
    known = {name: visit.query[name] for name in ("to", "text", "groups", "template") if name in visit.query}
    known |= _BOUNDS
    return await _form(visit._replace(typed=Typed(values=known)))


async def posted(visit: Visit) -> Response:
    """Do what the button says: count, replace characters, check, try or send."""
    typed, wish = visit.typed, visit.typed.text("do")
    if wish == "replace":
        typed.put("text", without_foreign(typed.raw("text")))
        return await _form(visit)
    try:
        if wish == "test":
            return await _tried(visit)
        draft = _draft(visit)
        checked = await visit.services.batches.dry_run(visit.account, draft, list_first=_PREVIEWS)
        shares = _shares(typed)
        if wish == "send" and typed.text("checked") == _digest(typed):
            if shares is not None:
                return await _sent_in_shares(visit, draft, *shares)
            return await _sent(visit, draft)
    except HeliographError as error:
        typed.refuse(error, at="text", fields=_FIELDS)
        return await _form(visit, error.http_status)
    return await _form(visit, checked=checked, changed=wish == "send")


async def count(visit: Visit) -> Response:
    """Count the text that is being written."""
    return visit.fragment("send_count.html", counted=counted(visit.typed.raw("text")), live=True)


async def _form(visit: Visit, status: int = 200, *, checked: DryRun | None = None, **values: object) -> Response:
    services, account, typed = visit.services, visit.account, visit.typed
    groups, _ = await services.groups.page(account, limit=_MOST_GROUPS)
    channels = sorted(services.channels | {Channel.SMS})
    counts = counted(typed.raw("text"))
    shown = {
        "counted": counts,
        "groups": groups,
        "chosen": typed.all("groups"),
        "channels": [(each, text(f"channel.{each}")) for each in channels],
        "templates": await services.templates.all(account),
        "originators": [each.value for each in await services.originators.all(account)],
        "names": [name for name in counts.names if name.isidentifier()],
        "zone": visit.zone.key,
        "once": new_id(),
        "checked": checked,
        "digest": _digest(typed),
        "balance": await services.money.balance(account) if visit.may(Scope.MONEY_READ) else None,
        "currency": services.money.currency,
        "explain": explain,
        "changed": False,
        "tried": "",
    }
    return visit.page("send.html", status, **(shown | values))


async def _sent(visit: Visit, draft: Draft) -> Response:
    draft.idempotency_key = f"console {visit.typed.text('once') or new_id()}"
    created = await visit.services.batches.create(visit.account, draft)
    batch = created.batch
    if draft.send_at is None:
        flash = Flash("send.done", {"count": batch.recipient_count})
    else:
        undo = Undo(f"/campaigns/{batch.id}/cancel")
        flash = Flash("send.scheduled", {"count": batch.recipient_count}, undo)
    return visit.go(f"/campaigns/{batch.id}", flash)


async def _sent_in_shares(visit: Visit, draft: Draft, share: float, release: Release) -> Response:
    draft.idempotency_key = f"console {visit.typed.text('once') or new_id()}"
    made = await visit.services.batches.create_in_shares(visit.account, draft, share, release)
    first, rest = made.first.batch, made.rest.batch
    flash = Flash("send.done_share", {"count": first.recipient_count, "rest": rest.recipient_count})
    return visit.go(f"/campaigns/{rest.id}", flash)


def _shares(typed: Typed) -> tuple[float, Release] | None:
    """Read which share goes first, and how the rest goes on; None: all goes at once. Raises InvalidField."""
    if not typed.text("share"):
        return None
    release = Release(
        by_itself=bool(typed.text("by_itself")),
        least_delivered=_percent(typed, "least_delivered"),
        most_failed=_percent(typed, "most_failed"),
        most_opted_out=_percent(typed, "most_opted_out"),
    )
    release.require_shares()
    return _percent(typed, "share"), release


def _percent(typed: Typed, name: str) -> float:
    try:
        return float(typed.text(name).replace(",", ".").removesuffix("%")) / 100
    except ValueError:
        raise InvalidField(f"A share is a number of percent, not {typed.text(name)!r}.", field=name) from None


async def _tried(visit: Visit) -> Response:
    """Send the text to one number, now, and go on with the form."""
    number = visit.typed.text("test_to")
    draft = msgspec.structs.replace(_draft(visit), to=[number], groups=(), send_at=None, title=None)
    draft.options = msgspec.structs.replace(draft.options, local_time=False, marketing=False)
    draft.idempotency_key = f"console test {visit.typed.text('once') or new_id()}"
    try:
        await visit.services.batches.create(visit.account, draft)
    except HeliographError as error:
        error.field = "test_to" if error.field == "to" else error.field
        raise
    return await _form(visit, tried=number)


def _draft(visit: Visit) -> Draft:
    """Read the form. Raises InvalidSchedule for a time that is none."""
    typed = visit.typed
    template, body = typed.text("template"), typed.raw("text")
    channel = Channel(typed.text("channel")) if typed.text("channel") in {*Channel} else Channel.SMS
    local_time = bool(typed.text("local_time"))
    falls_back = channel is not Channel.SMS and bool(typed.text("fall_back"))
    named = counted(body).names
    values = {name: {"default": typed.text(f"p-{name}")} for name in named if typed.text(f"p-{name}")}
    return Draft(
        protocol=NATIVE,
        to=numbers_in(typed.raw("to")),
        groups=typed.all("groups"),
        originator=typed.text("originator") or None,
        text=None if template else body,
        template=TemplateWish(int(template) if template.isdecimal() else template, channel) if template else None,
        parameters=values or None,
        send_at=_send_at(visit, local_time=local_time),
        title=typed.text("title") or None,
        options=Options(
            channel=channel,
            local_time=local_time,
            marketing=bool(typed.text("marketing")),
            fallbacks=(Fallback(channel=Channel.SMS, body=body),) if falls_back and not template else (),
        ),
    )


def numbers_in(typed: str) -> Sequence[str]:
    """Read numbers as people paste them: a line each, or with commas or semicolons between them."""
    return [number for each in _BETWEEN.split(typed) if (number := each.strip())]


def _send_at(visit: Visit, *, local_time: bool) -> datetime | None:
    """Read when it is to be sent: in the reader's zone, or as a clock shows it where each recipient is."""
    typed = visit.typed.text("send_at")
    if not typed:
        if local_time:
            raise InvalidSchedule("Say at which time of the recipients it is to be sent.", field="send_at")
        return None
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=UTC if local_time else visit.zone)
    except ValueError:
        raise InvalidSchedule(f"A time is written as in 2026-11-28T09:30, not {typed!r}.", field="send_at") from None


def _digest(typed: Typed) -> str:
    """Tell what was checked from what was changed since."""
    fields = sorted((name, list(values)) for name, values in typed.fields.items() if name not in _NOT_SENT)
    return hashlib.sha256(msgspec.json.encode(fields)).hexdigest()[:16]


PAGE = Page(
    "send",
    (
        View("/send", Scope.MESSAGES_SEND, begun),
        View("/send", Scope.MESSAGES_SEND, posted, "POST"),
        View("/send/count", Scope.MESSAGES_SEND, count, "POST"),
    ),
)
