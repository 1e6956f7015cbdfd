"""Opt-outs: who must not be written to, since when, and how they said so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from starlette.responses import Response

from heliograph.console.pages.send import numbers_in
from heliograph.console.visits import Flash, Page, Undo, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.bounded import count_in
from heliograph.domain.errors import HeliographError, InvalidRecipient, MissingField, NotFound
from heliograph.doors.downloads import csv_download, xlsx_download
from heliograph.numbers import InvalidRow, with_plus
from heliograph.services.exports import Cell
from heliograph.services.optouts import Proof

ON_A_PAGE = 50
_EXPORTED = ("number", "source", "created_at")


async def listed(visit: Visit, status: int = 200) -> Response:
    """Show opt-outs, newest first, or that of one number."""
    services, account, q = visit.services, visit.account, visit.query.get("q", "").strip()
    before = count_in(visit.query.get("before", ""))
    problem = ""
    total: int | None = None
    if q:
        try:
            found = await services.optouts.to(account, q)
        except InvalidRecipient as error:
            found, problem = None, error.message
        optouts = [found] if found else []
    else:
        optouts, total = await services.optouts.newest(account, limit=ON_A_PAGE, before=before)
    return visit.page(
        "optouts.html",
        status,
        q=q,
        problem=problem,
        optouts=optouts,
        total=total,
        next=optouts[-1].number if len(optouts) == ON_A_PAGE else None,
        first=before is None,
        may_write=visit.may(Scope.OPTOUTS_WRITE),
    )


async def added(visit: Visit) -> Response:
    """Note that some numbers are not to be written to."""
    typed, account = visit.typed, visit.account
    numbers = numbers_in(typed.raw("numbers"))
    try:
        if not numbers:
            raise MissingField("Write at least one number.", field="numbers")
        done = await visit.services.optouts.add_many(account, numbers, region=None, on_invalid=_not_numbers)
    except HeliographError as error:
        typed.refuse(error, at="numbers")
        return await listed(visit, error.http_status)
    undo = Undo("/optouts/removed", {"numbers": ",".join(map(with_plus, done.new))}) if done.new else None
    return visit.go("/optouts", Flash("optouts.added", {"count": len(done.new)}, undo))


def _not_numbers(rows: Sequence[InvalidRow]) -> Exception:
    shown = ", ".join(repr(row.text) for row in rows[:3])
    return InvalidRecipient(f"These are not phone numbers: {shown}.", field="numbers")


async def one(visit: Visit) -> Response:
    """Show an opt-out with what proves it."""
    proof = await _named(visit)
    return visit.page("optout.html", proof=proof, may_write=visit.may(Scope.OPTOUTS_WRITE))


async def removed(visit: Visit) -> Response:
    """Allow numbers to be written to again, which were added before."""
    numbers = numbers_in(visit.typed.raw("numbers"))
    count = await visit.services.optouts.remove_many(visit.account, numbers)
    return visit.go("/optouts", Flash("optouts.removed", {"count": count}))


async def taken_back(visit: Visit) -> Response:
    """Allow one number to be written to again."""
    optout = (await _named(visit)).optout
    number = with_plus(optout.msisdn)
    await visit.services.optouts.remove(visit.account, number)
    return visit.go("/optouts", Flash("optouts.taken_back", {"number": number}, Undo("/optouts", {"numbers": number})))


async def exported(visit: Visit) -> Response:
    """Write all opt-outs into a file, newest first."""

    async def rows() -> AsyncIterator[Sequence[Sequence[Cell]]]:
        async for some in visit.services.optouts.everybody(visit.account):
            yield [(with_plus(each.msisdn), each.source.value, each.created_at.isoformat()) for each in some]

    if visit.query.get("format") == "xlsx":
        return xlsx_download("optouts", _EXPORTED, rows())
    return csv_download("optouts", _EXPORTED, rows(), bom=True)


async def _named(visit: Visit) -> Proof:
    number = count_in(visit.named("optout_id"))
    if number is None:
        raise NotFound(f"There is no opt-out {visit.named('optout_id')!r} in this account.")
    return await visit.services.optouts.proof(visit.account, number)


PAGE = Page(
    "optouts",
    (
        View("/optouts", Scope.OPTOUTS_READ, listed),
        View("/optouts", Scope.OPTOUTS_WRITE, added, "POST"),
        View("/optouts/export", Scope.OPTOUTS_READ, exported),
        View("/optouts/removed", Scope.OPTOUTS_WRITE, removed, "POST"),
        View("/optouts/{optout_id}", Scope.OPTOUTS_READ, one),
        View("/optouts/{optout_id}/remove", Scope.OPTOUTS_WRITE, taken_back, "POST"),
    ),
)
