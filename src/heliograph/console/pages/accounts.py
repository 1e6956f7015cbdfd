"""Accounts: made, agreed with, credited and closed. For who runs the installation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import RedirectResponse, Response

from heliograph.console.texts import text
from heliograph.console.visits import PLACE, Flash, Page, Typed, Undo, View, Visit
from heliograph.domain.accounts import ADMINISTRATORS, OF_AN_ACCOUNT, Account, Scope
from heliograph.domain.amounts import commas_in, micros_in, money_text, whole_in
from heliograph.domain.errors import ChangedMeanwhile, HeliographError, InvalidField, NotFound
from heliograph.domain.fraud import CodeTerms, kinds_in
from heliograph.domain.ids import new_id
from heliograph.domain.instants import from_ms
from heliograph.domain.terms import TermsChange, quiet_hours_text
from heliograph.doors.pages import PAGE_HEADERS
from heliograph.services.account_admin import Standing, agreed_mark

ON_A_PAGE = 50
_ENTRIES = 20
"""How many changes of a balance are shown: the newest."""
_KEEP = "keep-"
"""How the names of fields begin that say for how many days a class of data is kept."""
_CODES = "code-"
"""How the names of fields begin that say what bounds one-time codes."""
_CODE_COUNTS = (
    *("per_minute", "per_day", "prefix_per_minute", "prefix_per_day"),
    *("per_number", "per_address", "slowed_from", "stopped_from", "entered_percent"),
)
_COUNTS = ("requests_per_second", "day_messages", "month_messages", "warn_percent")
_SUMS = ("day_amount", "month_amount")
_FLAGS = ("may_omit_stop", "may_send_at_night", "second_person")


async def listed(visit: Visit, status: int = 200) -> Response:
    """Show all accounts, newest first, or the one of a name."""
    services = visit.services
    before, q = visit.query.get("before") or None, visit.query.get("q", "").strip()
    if q:
        try:
            found = [await services.accounts.named(q)]
        except NotFound:
            found = []
    else:
        found = await services.account_admin.page(limit=ON_A_PAGE, before=before)
    return visit.page(
        "accounts.html",
        status,
        asked={"q": q},
        accounts=[each for each in found if each.name != ADMINISTRATORS],
        next=found[-1].id if len(found) == ON_A_PAGE else None,
        first=before is None,
    )


async def made(visit: Visit) -> Response:
    """Make an account, below another one if the form says so."""
    typed, services = visit.typed, visit.services
    parent = await services.accounts.named(typed.text("parent")) if typed.text("parent") else None
    try:
        account = await services.account_admin.create(typed.text("name"), parent)
    except HeliographError as error:
        typed.refuse(error, at="name")
        return await (listed(visit, error.http_status) if parent is None else _shown(visit, parent, error.http_status))
    return visit.go(f"/accounts/{account.id}", Flash("accounts.made", {"name": account.name}))


async def one(visit: Visit) -> Response:
    """Show an account: where it stands, what is agreed, what changed its balance, and what is below it."""
    return await _shown(visit, await _named(visit))


async def _named(visit: Visit) -> Account:
    account = await visit.services.accounts.named(visit.named("account_id"))
    if account.name == ADMINISTRATORS:
        raise NotFound("Nobody sends for the account of the administrators: nothing is agreed with it.")
    return account


async def _shown(visit: Visit, account: Account, status: int = 200) -> Response:
    services, typed = visit.services, visit.typed
    standing = await services.account_admin.standing(account)
    mark = agreed_mark(account, standing)
    agreed = _written(account, standing)
    for name, value in agreed.items():
        if "was" not in typed.fields:
            typed.put(name, value)
    below = await services.account_admin.page(limit=ON_A_PAGE, parent=account)
    parent = None if account.parent_id is None else await services.accounts.named(account.parent_id)
    return visit.page(
        "account.html",
        status,
        shown=account,
        parent=parent,
        below=below,
        standing=standing,
        currency=services.money.currency,
        agreed=[(name, value) for name, value in agreed.items() if value and name not in _FLAGS],
        flags=[name for name in _FLAGS if agreed[name]],
        mark=mark,
        kept=OF_AN_ACCOUNT,
        code_counts=_CODE_COUNTS,
        entries=[(each, from_ms(each.created_at)) for each in await services.money.ledger(account, limit=_ENTRIES)],
        once=new_id(),
    )


def _written(account: Account, standing: Standing) -> Mapping[str, str]:
    """Write what is agreed with an account into the fields of the form."""
    terms = account.terms
    caps = terms.caps
    sums = {name: getattr(caps, name) for name in _SUMS}
    counts = {name: getattr(caps, name, None) for name in _COUNTS} | {"requests_per_second": terms.requests_per_second}
    return {
        "credit": money_text(standing.balance.credit) if standing.balance else "",
        "prices": "\n".join(f"{country}: {money_text(price)}" for country, price in sorted(terms.prices.items())),
        "countries": ", ".join(terms.countries or ()),
        "originators": ", ".join(terms.originators or ()),
        **{name: "" if value is None else str(value) for name, value in counts.items()},
        **{name: "" if value is None else money_text(value) for name, value in sums.items()},
        "quiet_hours": "" if terms.quiet_hours is None else quiet_hours_text(terms.quiet_hours),
        **{f"{_KEEP}{kept}": str(terms.retention.get(kept, "")) for kept in OF_AN_ACCOUNT},
        f"{_CODES}countries": ", ".join(terms.codes.countries or ()),
        f"{_CODES}kinds": ", ".join(terms.codes.kinds or ()),
        **{
            f"{_CODES}{name}": "" if (value := getattr(terms.codes, name)) is None else str(value)
            for name in _CODE_COUNTS
        },
        **{name: "yes" if getattr(terms, name) else "" for name in _FLAGS},
    }


async def agreed(visit: Visit) -> Response:
    """Change what is agreed with an account, unless somebody else has since it was read."""
    typed, admin, account = visit.typed, visit.services.account_admin, await _named(visit)
    before = await admin.standing(account)
    try:
        credit = micros_in(typed.text("credit"), "credit") if typed.text("credit") else None
        if credit is None and before.balance is not None:
            credit = 0
        after = await admin.agree(account, _change(typed, account), credit, seen=typed.text("was"))
    except ChangedMeanwhile as error:
        typed.problems[""] = text("accounts.changed_meanwhile")
        return await _shown(visit, await _named(visit), error.http_status)
    except HeliographError as error:
        typed.refuse(error, fields={f"codes.{name}": f"{_CODES}{name}" for name in (*_CODE_COUNTS, "countries")})
        return await _shown(visit, account, error.http_status)
    mark = agreed_mark(after, await admin.standing(after))
    undo = Undo(f"/accounts/{account.id}", {**_written(account, before), "was": mark})
    return visit.go(f"/accounts/{account.id}", Flash("accounts.agreed", {"name": account.name}, undo))


def _change(typed: Typed, account: Account) -> TermsChange:
    """Read what is to be agreed; what is empty is nothing. Raises InvalidField by name."""
    prices: dict[str, int | None] = dict.fromkeys(account.terms.prices)
    for line in filter(str.strip, typed.raw("prices").split("\n")):
        country, colon, price = line.partition(":")
        if not colon:
            raise InvalidField(f"A line is written as in “FR: 0.05”, not {line[:40]!r}.", field="prices")
        prices[country.strip().upper()] = micros_in(price, "prices")
    days = {kept.value: _count(typed, f"{_KEEP}{kept}") for kept in OF_AN_ACCOUNT}
    counts: dict[str, Any] = {name: _count(typed, name) for name in _COUNTS}
    sums: dict[str, Any] = {name: micros_in(typed.text(name), name) if typed.text(name) else None for name in _SUMS}
    return TermsChange(
        prices=prices,
        countries=_list(typed, "countries"),
        originators=_list(typed, "originators"),
        quiet_hours=typed.text("quiet_hours") or None,
        retention=days,
        may_omit_stop=bool(typed.text("may_omit_stop")),
        may_send_at_night=bool(typed.text("may_send_at_night")),
        second_person=bool(typed.text("second_person")),
        codes=_codes(typed),
        **counts,
        **sums,
    )


def _codes(typed: Typed) -> CodeTerms:
    """Read what bounds one-time codes; what is empty is as the settings say. Raises InvalidField by name."""
    kinds = _list(typed, f"{_CODES}kinds")
    counts: dict[str, Any] = {name: _count(typed, f"{_CODES}{name}") for name in _CODE_COUNTS}
    return CodeTerms(
        countries=_list(typed, f"{_CODES}countries"),
        kinds=None if kinds is None else kinds_in(kinds, f"{_CODES}kinds"),
        **counts,
    )


def _count(typed: Typed, name: str) -> int | None:
    return whole_in(typed.text(name), name) if typed.text(name) else None


def _list(typed: Typed, name: str) -> Sequence[str] | None:
    return commas_in(typed.raw(name).replace("\n", ",")) or None


async def credited(visit: Visit) -> Response:
    """Add to a balance or, as a correction, take off it; a form that is posted twice does so once."""
    typed, services, account = visit.typed, visit.services, await _named(visit)
    try:
        amount = micros_in(typed.text("amount"), "amount")
        balance = await _credited_once(visit, account, amount)
    except HeliographError as error:
        typed.refuse(error, at="amount")
        return await _shown(visit, account, error.http_status)
    back = {"kind": "correction", "amount": money_text(-amount), "note": text("accounts.undone"), "once": new_id()}
    said = {"name": account.name, "balance": f"{balance} {services.money.currency}"}
    undo = Undo(f"/accounts/{account.id}/balance", back)
    return visit.go(f"/accounts/{account.id}", Flash("accounts.credited", said, undo))


async def _credited_once(visit: Visit, account: Account, amount: int) -> str:
    """Change a balance unless this form has done so, and return what the balance is then."""
    typed, idempotency = visit.typed, visit.services.idempotency
    key = f"console balance {typed.text('once') or new_id()}"
    begun = await idempotency.begin(account.id, key, f"{typed.text('kind')} {amount}")
    if begun.answer is not None:
        return begun.answer
    admin, balance = visit.services.account_admin, None
    try:
        change = admin.top_up if typed.text("kind") == "top_up" else admin.correct
        balance = money_text(await change(account, amount, typed.text("note") or None))
    finally:
        await idempotency.finish(account.id, key, begun, balance)
    return balance


async def closed(visit: Visit) -> Response:
    """Close an account with all below it, if its name was typed."""
    account = await _named(visit)
    if visit.typed.text("name_again") != account.name:
        visit.typed.problems["name_again"] = text("accounts.other_name")
        return await _shown(visit, account, InvalidField.http_status)
    ended = await visit.services.account_admin.close(account)
    if visit.account.id in ended:
        return RedirectResponse(PLACE, 303, PAGE_HEADERS)
    return visit.go(f"/accounts/{account.id}", Flash("accounts.closed", {"name": account.name, "count": len(ended)}))


PAGE = Page(
    "accounts",
    (
        View("/accounts", Scope.ADMIN, listed),
        View("/accounts", Scope.ADMIN, made, "POST"),
        View("/accounts/{account_id}", Scope.ADMIN, one),
        View("/accounts/{account_id}", Scope.ADMIN, agreed, "POST"),
        View("/accounts/{account_id}/balance", Scope.ADMIN, credited, "POST"),
        View("/accounts/{account_id}/close", Scope.ADMIN, closed, "POST"),
    ),
)
