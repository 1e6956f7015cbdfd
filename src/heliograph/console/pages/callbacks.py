"""Callbacks: what the account's servers were told, which of them don't answer, and telling them anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from heliograph.console.texts import text
from heliograph.console.visits import Flash, Page, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.filters import EventFilter

ON_A_PAGE = 50
STATES = ("waiting", "delivered", "given_up")
_LOOKS_BACK = timedelta(days=7)
"""How far back what was given up is told anew all at once."""


async def listed(visit: Visit) -> Response:
    """Show what was told, newest first, and the servers that don't answer."""
    services, account = visit.services, visit.account
    state = visit.query.get("state", "")
    wanted = EventFilter(state=state if state in STATES else None)
    before = visit.query.get("before") or None
    found = await services.told.listing(account, wanted, limit=ON_A_PAGE, before=before)
    return visit.page(
        "callbacks.html",
        asked={"state": state},
        states=[(each, text(f"callbacks.state_{each}")) for each in STATES],
        told=found.items,
        next=found.next,
        first=before is None,
        failing=await services.attention.failing_callbacks(account),
        days=_LOOKS_BACK.days,
        may_send=visit.may(Scope.MESSAGES_SEND),
    )


async def request(visit: Visit) -> Response:
    """Show the request that tells one event."""
    found = await visit.services.told.request(visit.account, visit.named("callback_id"))
    return visit.fragment("callback_request.html", found=found)


async def again(visit: Visit) -> Response:
    """Tell one event anew that was given up."""
    told = await visit.services.told.replay_one(visit.account, visit.typed.text("event"))
    return visit.go("/callbacks", Flash("callbacks.told_again", {"place": told.sink}))


async def all_again(visit: Visit) -> Response:
    """Tell anew all that was given up lately."""
    wanted = EventFilter(since=datetime.now(UTC) - _LOOKS_BACK)
    count = await visit.services.told.replay(visit.account, wanted)
    return visit.go("/callbacks", Flash("callbacks.all_again_done", {"count": count}))


PAGE = Page(
    "callbacks",
    (
        View("/callbacks", Scope.MESSAGES_READ, listed),
        View("/callbacks/{callback_id}/request", Scope.MESSAGES_READ, request),
        View("/callbacks/again", Scope.MESSAGES_SEND, again, "POST"),
        View("/callbacks/all-again", Scope.MESSAGES_SEND, all_again, "POST"),
    ),
)
