"""Keys: what programs prove themselves with at each door, made here and ended here."""

from __future__ import annotations

from starlette.responses import Response

from heliograph.console.visits import Flash, Page, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.errors import HeliographError, NotFound
from heliograph.services.keys import MadeKey

ON_A_PAGE = 50


async def listed(visit: Visit, status: int = 200, made: MadeKey | None = None) -> Response:
    """Show the keys of the account, newest first; a new one with its secret, which is nowhere else."""
    keys, before = visit.services.keys, visit.query.get("before") or None
    found = await keys.page(visit.account, limit=ON_A_PAGE, before=before)
    return visit.page(
        "keys.html",
        status,
        keys=[(each, keys.protocol_of(each)) for each in found],
        next=found[-1].id if len(found) == ON_A_PAGE else None,
        first=before is None,
        protocols=[(each, each) for each in keys.protocols],
        made=made,
    )


async def made(visit: Visit) -> Response:
    """Make a key, and show its secret once."""
    typed = visit.typed
    networks = typed.text("networks").replace(",", " ").split()
    try:
        key = await visit.services.keys.create(visit.account, typed.text("protocol"), networks=networks or None)
    except HeliographError as error:
        typed.refuse(error, at="protocol")
        return await listed(visit, error.http_status)
    return await listed(visit, made=key)


async def revoked(visit: Visit) -> Response:
    """End a key of the account."""
    key = await visit.services.keys.get(visit.named("key_id"))
    if key.account_id != visit.account.id:
        raise NotFound(f"There is no key {key.id} in this account.")
    await visit.services.keys.revoke(key.id)
    return visit.go("/keys", Flash("keys.revoked", {"key": key.public_id}))


PAGE = Page(
    "keys",
    (
        View("/keys", Scope.ADMIN, listed),
        View("/keys", Scope.ADMIN, made, "POST"),
        View("/keys/{key_id}/revoke", Scope.ADMIN, revoked, "POST"),
    ),
)
