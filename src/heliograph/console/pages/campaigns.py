"""Campaigns: what was sent at once, how far it has come, and holding it up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from starlette.responses import Response

from heliograph.console.live import live
from heliograph.console.traffic import figures
from heliograph.console.visits import Flash, Page, Undo, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.batches import Batch, PauseReason
from heliograph.domain.filters import BatchFilter, MessageFilter
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.reports import Sums
from heliograph.domain.statuses import OPEN, SETTLED, Status, explain
from heliograph.services.batches import may_release
from heliograph.services.history import Campaign

ON_A_PAGE = 50
REPORTED = timedelta(days=3)
"""How long after it went out a report draws what became of it."""


async def listed(visit: Visit) -> Response:
    """Show what was sent, newest first."""
    asked = {name: visit.query.get(name, "").strip() for name in ("reference", "tag")}
    wanted = BatchFilter(client_reference=asked["reference"] or None, tags=[asked["tag"]] if asked["tag"] else ())
    before = visit.query.get("before") or None
    found = await visit.services.batches.listing(visit.account, wanted, limit=ON_A_PAGE, before=before)
    return visit.page(
        "campaigns.html",
        asked=asked,
        batches=[(batch, state_of(batch)) for batch in found.items],
        next=found.next,
        first=before is None,
        filtered=any(asked.values()),
        may_send=visit.may(Scope.MESSAGES_SEND),
    )


def state_of(batch: Batch) -> str:
    """Return the word for what a batch does: the end of the name of a text."""
    if batch.canceled:
        return "canceled"
    if batch.paused:
        return "paused"
    return "scheduled" if batch.send_at > from_ms(now_ms()) else "begun"


async def one(visit: Visit) -> Response:
    """Show one campaign with how far it has come."""
    campaign = await visit.services.history.campaign(visit.account, visit.named("batch_id"))
    batch, now = campaign.batch, from_ms(now_ms())
    begins = min(batch.send_at, now)
    ends = min(begins + REPORTED, now)
    stretch = timedelta(minutes=5) if ends - begins < timedelta(hours=6) else timedelta(hours=1)
    reported = await figures(visit, MessageFilter(batch_id=batch.id), begins, ends, stretch, by_end=True)
    shown = {**reported, **_shown(visit, campaign)}
    held = batch.paused and batch.pause_reason in {PauseReason.RELEASE, PauseReason.SHARE}
    return visit.page(
        "campaign.html",
        **shown,
        may_send=visit.may(Scope.MESSAGES_SEND),
        held=held,
        may_release=not held or may_release(batch),
    )


def _shown(visit: Visit, campaign: Campaign) -> Mapping[str, object]:
    batch, done, total = campaign.batch, campaign.sums_of(SETTLED).count, campaign.sums.count
    return {
        "batch": batch,
        "state": state_of(batch) if done < total or batch.expand_at is not None else "ended",
        "done": done,
        "expected": max(total, batch.recipient_count),
        "delivered": campaign.sums_of([Status.DELIVERED]).count,
        "is_open": campaign.sums_of(OPEN).count > 0 or batch.expand_at is not None,
        "rows": _rows(campaign),
        "sums": campaign.sums,
        "explain": explain,
        "currency": visit.services.money.currency,
    }


def _rows(campaign: Campaign) -> list[tuple[Status, str | None, Sums]]:
    """Sum the messages by status and reason, in the order of the statuses."""
    sums: dict[tuple[Status, str | None], Sums] = {}
    for status, reason, _, one in campaign.standings:
        known = sums.get((status, reason), Sums(0, 0, 0))
        sums[status, reason] = Sums(known.count + one.count, known.parts + one.parts, known.price + one.price)
    order = list(Status)
    rows = [(status, reason, each) for (status, reason), each in sums.items()]
    return sorted(rows, key=lambda row: (order.index(row[0]), row[1] or ""))


async def events(visit: Visit) -> Response:
    """Show how far a campaign has come, again and again until it has ended."""
    batch_id = visit.named("batch_id")
    await visit.services.batches.get(visit.account, batch_id)

    async def fragments() -> Mapping[str, str]:
        shown = _shown(visit, await visit.services.history.campaign(visit.account, batch_id))
        return {"progress": visit.rendered("campaign_progress.html", **shown)} if shown["is_open"] else {}

    return live(visit, f"batch:{batch_id}", fragments)


async def pause(visit: Visit) -> Response:
    """Hold a campaign up."""
    batch = await visit.services.batches.pause(visit.account, visit.named("batch_id"))
    return visit.go(f"/campaigns/{batch.id}", Flash("campaigns.was_paused", {}, Undo(f"/campaigns/{batch.id}/resume")))


async def resume(visit: Visit) -> Response:
    """Let a campaign go on."""
    batch = await visit.services.batches.resume(visit.account, visit.named("batch_id"))
    return visit.go(f"/campaigns/{batch.id}", Flash("campaigns.goes_on", {}, Undo(f"/campaigns/{batch.id}/pause")))


async def cancel(visit: Visit) -> Response:
    """Call back what has not gone out."""
    batch = await visit.services.batches.cancel(visit.account, visit.named("batch_id"))
    return visit.go(f"/campaigns/{batch.id}", Flash("campaigns.was_canceled"))


PAGE = Page(
    "campaigns",
    (
        View("/campaigns", Scope.MESSAGES_READ, listed),
        View("/campaigns/{batch_id}", Scope.MESSAGES_READ, one),
        View("/campaigns/{batch_id}/events", Scope.MESSAGES_READ, events),
        View("/campaigns/{batch_id}/pause", Scope.MESSAGES_SEND, pause, "POST"),
        View("/campaigns/{batch_id}/resume", Scope.MESSAGES_SEND, resume, "POST"),
        View("/campaigns/{batch_id}/cancel", Scope.MESSAGES_SEND, cancel, "POST"),
    ),
)
