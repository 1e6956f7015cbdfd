"""Short links and files: where they lead, and how often and by whom they were followed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from starlette.responses import Response

from heliograph.console.visits import Flash, Page, Typed, Undo, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.errors import HeliographError, InvalidField, NotFound
from heliograph.domain.links import Hit, Link, LinkKind
from heliograph.services.agents import agent_of

ON_A_PAGE = 50
DAYS = 30
"""How far back the chart of hits goes."""
_FIELDS = {"url": "address"}


async def listed(visit: Visit, status: int = 200) -> Response:
    """Show all short links and files, newest first."""
    return visit.page(
        "links.html",
        status,
        links=await visit.services.links.all(visit.account, LinkKind.SHORTLINK),
        files=await visit.services.links.all(visit.account, LinkKind.ATTACHMENT),
        may_write=visit.may(Scope.LINKS_WRITE),
    )


async def made(visit: Visit) -> Response:
    """Make a short link."""
    typed = visit.typed
    try:
        if not typed.text("address"):
            raise InvalidField("Say where it leads.", field="address")
        link = await visit.services.links.shorten(
            visit.account,
            typed.text("address"),
            typed.text("name") or None,
            passes_query=typed.text("passes_query") == "yes",
        )
    except HeliographError as error:
        typed.refuse(error, at="address", fields=_FIELDS)
        return await listed(visit, error.http_status)
    return visit.go(f"/links/{link.id}", Flash("links.made", {"name": link.name}))


async def one(visit: Visit) -> Response:
    """Show where a link leads, and how it was followed."""
    link = await _named(visit)
    return await _shown(visit._replace(typed=Typed(values=_values(link))), link)


async def _shown(visit: Visit, link: Link, status: int = 200) -> Response:
    links = visit.services.links
    before = visit.query.get("before") or None
    hits = await links.hits(visit.account, link, limit=ON_A_PAGE, before=before)
    today = datetime.now(visit.zone).date()
    first_day = today - timedelta(days=DAYS - 1)
    since = datetime.combine(first_day, datetime.min.time(), visit.zone)
    by_day: dict[date, int] = {first_day + timedelta(days=each): 0 for each in range(DAYS)}
    for hour, count in await links.hits_by_hour(visit.account, link, since=since):
        day = hour.astimezone(visit.zone).date()
        by_day[day] = by_day.get(day, 0) + count
    return visit.page(
        "link.html",
        status,
        link=link,
        hits=[_line(each) for each in hits],
        next=hits[-1].id if len(hits) == ON_A_PAGE else None,
        first=before is None,
        days=[(datetime.combine(day, datetime.min.time(), visit.zone), count) for day, count in by_day.items()],
        recent=sum(by_day.values()),
        may_write=visit.may(Scope.LINKS_WRITE),
    )


def _line(hit: Hit) -> Mapping[str, object]:
    agent = agent_of(hit.user_agent)
    device = ", ".join(filter(None, (agent.device, agent.os, agent.browser)))
    return {"at": hit.at, "msisdn": hit.msisdn, "batch_id": hit.batch_id, "device": device, "preview": hit.preview}


async def changed(visit: Visit) -> Response:
    """Change where a link leads, or what it is called."""
    typed, link = visit.typed, await _named(visit)
    try:
        after = await visit.services.links.change(
            visit.account,
            link.id,
            name=typed.text("name"),
            address=typed.text("address"),
            passes_query=typed.text("passes_query") == "yes",
        )
    except HeliographError as error:
        typed.refuse(error, at="address", fields=_FIELDS)
        return await _shown(visit, link, error.http_status)
    undo = Undo(f"/links/{link.id}", _values(link))
    return visit.go(f"/links/{link.id}", Flash("links.changed", {"name": after.name}, undo))


def _values(link: Link) -> dict[str, str]:
    """Return what the form of a link has in it."""
    return {"name": link.name, "address": link.target, "passes_query": "yes" if link.passes_query else ""}


async def deleted(visit: Visit) -> Response:
    """Delete a link, which then leads nowhere."""
    link = await _named(visit)
    await visit.services.links.delete(visit.account, link.kind, link.id)
    return visit.go("/links", Flash("links.deleted", {"name": link.name}))


async def _named(visit: Visit) -> Link:
    """Find a link, or else a file, by its short address. Raises NotFound."""
    links, link_id = visit.services.links, visit.named("link_id")
    try:
        return await links.get(visit.account, LinkKind.SHORTLINK, link_id)
    except NotFound:
        return await links.get(visit.account, LinkKind.ATTACHMENT, link_id)


PAGE = Page(
    "links",
    (
        View("/links", Scope.LINKS_READ, listed),
        View("/links", Scope.LINKS_WRITE, made, "POST"),
        View("/links/{link_id}", Scope.LINKS_READ, one),
        View("/links/{link_id}", Scope.LINKS_WRITE, changed, "POST"),
        View("/links/{link_id}/delete", Scope.LINKS_WRITE, deleted, "POST"),
    ),
)
