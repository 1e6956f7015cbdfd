"""One-time codes: how many were sent and entered, by country and prefix, and whether a number would get one."""

from __future__ import annotations

from starlette.responses import Response

from heliograph.console.visits import Page, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.errors import InvalidRecipient
from heliograph.domain.fraud import IN_ALL
from heliograph.numbers import country_of
from heliograph.services.verify import Outlook

MOST_ROWS = 50
"""How many prefixes are shown: those that were sent the most codes."""


async def shown(visit: Visit) -> Response:
    """Show the codes of the last day, and whether the number in the address would be sent one now."""
    number, problem = visit.query.get("number", "").strip(), ""
    outlook: Outlook | None = None
    if number:
        try:
            outlook = await visit.services.verify.why(visit.account, number)
        except InvalidRecipient as error:
            problem = error.message
    sums = await visit.services.verify.sums(visit.account, limit=MOST_ROWS + 1)
    return visit.page(
        "codes.html",
        number=number,
        problem=problem,
        outlook=outlook,
        total=next((each for each in sums if each.prefix == IN_ALL), None),
        rows=[(each, country_of(each.prefix)) for each in sums if each.prefix != IN_ALL],
    )


PAGE = Page("codes", (View("/codes", Scope.VERIFY, shown),))
