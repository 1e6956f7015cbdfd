"""Numbers: those that the account rents, with what came and went, and those that can be rented."""

from __future__ import annotations

from starlette.responses import Response

from heliograph.console.visits import Flash, Page, Undo, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.bounded import count_in
from heliograph.domain.callbacks import NATIVE
from heliograph.domain.errors import HeliographError, InvalidField
from heliograph.numbers import with_plus

_FIELDS = {"rent_period": "days", "rent_too_short": "days"}


async def listed(visit: Visit, status: int = 200) -> Response:
    """Show the numbers of the account, and those that nobody has."""
    rents = visit.services.rents
    return visit.page(
        "rents.html",
        status,
        rents=await rents.all(visit.account),
        available=await rents.available(),
        currency=visit.services.money.currency,
    )


async def rented(visit: Visit) -> Response:
    """Rent a number."""
    typed = visit.typed
    try:
        days = count_in(typed.text("days"))
        if days is None:
            raise InvalidField("Choose for how many days.", field="days")
        rent = await visit.services.rents.rent(
            visit.account,
            typed.text("number"),
            days,
            protocol=NATIVE,
            auto_renew=bool(typed.text("auto_renew")),
            registration_id=typed.text("registration_id") or None,
        )
    except HeliographError as error:
        typed.refuse(error, fields=_FIELDS)
        return await listed(visit, error.http_status)
    undo = Undo(f"/numbers/{rent.id}/give-back")
    return visit.go("/numbers", Flash("rents.rented", {"number": with_plus(rent.terms.msisdn)}, undo))


async def changed(visit: Visit) -> Response:
    """Let a rent go on by itself, or end."""
    goes_on = bool(visit.typed.text("auto_renew"))
    rent = await visit.services.rents.change(visit.account, visit.named("rent_id"), auto_renew=goes_on)
    undo = Undo(f"/numbers/{rent.id}", {} if goes_on else {"auto_renew": "yes"})
    name = "rents.goes_on" if goes_on else "rents.ends"
    return visit.go("/numbers", Flash(name, {"number": with_plus(rent.terms.msisdn)}, undo))


async def given_back(visit: Visit) -> Response:
    """Give a number back that was rented a moment ago."""
    rent = await visit.services.rents.cancel(visit.account, visit.named("rent_id"))
    return visit.go("/numbers", Flash("rents.given_back", {"number": with_plus(rent.terms.msisdn)}))


PAGE = Page(
    "rents",
    (
        View("/numbers", Scope.NUMBERS, listed),
        View("/numbers", Scope.NUMBERS, rented, "POST"),
        View("/numbers/{rent_id}", Scope.NUMBERS, changed, "POST"),
        View("/numbers/{rent_id}/give-back", Scope.NUMBERS, given_back, "POST"),
    ),
)
