"""The search at the top of every page: from what was typed to the page that shows it."""

from __future__ import annotations

from contextlib import suppress

from starlette.responses import Response

from heliograph.console.rendering import query
from heliograph.console.visits import Page, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.errors import NotFound
from heliograph.domain.ids import is_id


async def find(visit: Visit) -> Response:
    """Lead to a message or a campaign by its identifier, and else to the messages of a number, or with some words."""
    wanted = visit.query.get("q", "").strip()
    if is_id(wanted.upper()):
        return visit.go(await _place_of(visit, wanted.upper()))
    return visit.go("/messages" + query({}, q=wanted))


async def _place_of(visit: Visit, identifier: str) -> str:
    with suppress(NotFound):
        return f"/campaigns/{(await visit.services.batches.get(visit.account, identifier)).id}"
    return f"/messages/{identifier}"


PAGE = Page("search", (View("/search", Scope.MESSAGES_READ, find),))
