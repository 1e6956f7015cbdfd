"""The search at the top of every page: from what was typed to the page that shows it."""

from __future__ import annotations

from starlette.responses import Response

from heliograph.console.rendering import query
from heliograph.console.visits import Page, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.ids import is_id


async def find(visit: Visit) -> Response:
    """Lead to a message by its identifier, and else to the messages of a number, or with some words."""
    wanted = visit.query.get("q", "").strip()
    if is_id(wanted.upper()):
        return visit.go(f"/messages/{wanted.upper()}")
    return visit.go("/messages" + query({}, q=wanted))


PAGE = Page("search", (View("/search", Scope.MESSAGES_READ, find),))
