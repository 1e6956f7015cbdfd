"""The audit log of an account: who did what, from where, and what it was before."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from heliograph.console.visits import Page, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.audit import AuditFilter, Entry
from heliograph.domain.errors import InvalidField
from heliograph.domain.instants import from_ms

ON_A_PAGE = 50


async def listed(visit: Visit) -> Response:
    """Show what was done about the account, newest first."""
    asked = {name: visit.query.get(name, "").strip() for name in ("actor", "action")}
    before = visit.query.get("before") or None
    problem, entries = "", []
    wanted = AuditFilter(account_id=visit.account.id, actor=asked["actor"] or None, action=asked["action"] or None)
    try:
        entries = await visit.services.audit_log.page(wanted, limit=ON_A_PAGE, before=before)
    except InvalidField as error:
        problem = error.message
    return visit.page(
        "audit.html",
        asked=asked,
        problem=problem,
        entries=[_line(each) for each in entries],
        next=str(entries[-1].seq) if len(entries) == ON_A_PAGE else None,
        first=before is None,
    )


def _line(entry: Entry) -> Mapping[str, object]:
    before, after = (msgspec.json.decode(facts, type=dict[str, object]) for facts in (entry.before, entry.after))
    changes = [(name, before.get(name, ""), after.get(name, "")) for name in sorted({*before, *after})]
    return {"entry": entry, "at": from_ms(entry.at), "changes": changes}


PAGE = Page("audit", (View("/audit", Scope.ADMIN, listed),))
