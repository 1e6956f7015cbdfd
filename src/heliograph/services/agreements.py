"""Making accounts, and changing what is agreed with one, and with that what is agreed with the accounts below it.

An account below another sends with money that this one gave it. So it never pays less than that one, and sends nowhere
where that one does not: a change that would let it is refused, and what is changed above is brought down to all below
in the same transaction. Rows are locked from above to below, so two changes at once come one after the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from heliograph.domain.accounts import Account, Terms
from heliograph.domain.audit import Act, Action, Facts, differences
from heliograph.domain.errors import ChangedMeanwhile, InvalidField, NotFound
from heliograph.domain.instants import now_ms
from heliograph.domain.prices import Tariff
from heliograph.domain.terms import TermsChange, changed, inherited, narrowed, require_prices, require_within
from heliograph.services.audit import audited
from heliograph.services.audit_facts import money_fact, terms_facts
from heliograph.store import Store
from heliograph.store.accounts import account_by_id, accounts_below, add_account, change_account, put_terms
from heliograph.store.ledger import balance_with_credit, set_balance, set_credit
from heliograph.store.tx import Tx


async def agree(
    store: Store,
    account_id: str,
    change: TermsChange,
    tariff: Tariff,
    credit: int | None = None,
    seen: str | None = None,
) -> Terms:
    """Change what is agreed with an account, and return that; the audit log says so of it and of those below it.

    `credit` is how far below nothing its balance may go, in millionths; None: as far as before. `seen` is the
    `mark_of` what the change was made from; None: whatever it is now. Raises NotFound; ChangedMeanwhile; and
    InvalidField by name for what can't be agreed, such as a price below that of the installation (`tariff`) or of the
    account above, and for the credit of an account that is not billed: then nothing has changed.
    """
    return (await audited(store, _acts_of, _agree, account_id, change, tariff, credit, seen)).terms


async def add(store: Store, account: Account, *, billed: bool = False) -> Account | None:
    """Store a new account with what is agreed with the one above it at that moment; None if its name is taken.

    `billed`: it begins with nothing to spend, and otherwise is not billed until its first top-up.
    """

    def acts(made: Account | None) -> Sequence[Act]:
        facts = {"name": account.name, "parent": account.parent_id}
        act = Act(action=Action.ACCOUNT_CREATED, object_id=account.id, account_id=account.id, after=facts)
        return () if made is None else (act,)

    return await audited(store, acts, _add, account, billed)


def _add(tx: Tx, account: Account, billed: bool) -> Account | None:
    above = None if account.parent_id is None else account_by_id(tx, account.parent_id, lock=True)
    if above is not None:
        account = msgspec.structs.replace(account, terms=inherited(above.terms))
    if not add_account(tx, account):
        return None
    if billed:
        set_balance(tx, account.id, 0, now_ms())
    return account


class _Agreed(NamedTuple):
    terms: Terms
    acts: Sequence[Act]
    """The entries of the audit log, for the account and for those below it."""


def _acts_of(agreed: _Agreed) -> Sequence[Act]:
    return agreed.acts


def mark_of(terms: Terms, credit: int | None) -> str:
    """Return what tells what is agreed at one moment from what is agreed later."""
    return hashlib.sha256(msgspec.json.encode(_facts(terms, credit), order="deterministic")).hexdigest()[:16]


def _facts(terms: Terms, credit: int | None) -> Facts:
    return {**terms_facts(terms), "credit": money_fact(credit)}


def _agree(
    tx: Tx, account_id: str, change: TermsChange, tariff: Tariff, credit: int | None, seen: str | None
) -> _Agreed:
    above = _above(tx, account_id)
    account = account_by_id(tx, account_id, lock=True)
    if account is None:
        raise NotFound()
    balance = balance_with_credit(tx, account_id)
    had = None if balance is None else balance.credit
    if seen is not None and seen != mark_of(account.terms, had):
        raise ChangedMeanwhile()
    terms = changed(account.terms, change)
    new = {country: price for country, price in terms.prices.items() if account.terms.prices.get(country) != price}
    require_prices(new, tariff if above is None else tariff.with_prices(above.terms.prices))
    if above is not None:
        require_within(terms, change, above.terms, above.name)
        terms = narrowed(terms, above.terms)
    change_account(tx, account_id, {"terms": terms})
    if credit is not None and not set_credit(tx, account_id, credit):
        raise InvalidField("The account is not billed, so it has no credit: top it up first.", field="credit")
    now = _facts(terms, had if credit is None else credit)
    acts = [*_act(account_id, _facts(account.terms, had), now), *_bring_down(tx, account_id, terms)]
    return _Agreed(terms, acts)


def _above(tx: Tx, account_id: str) -> Account | None:
    """Lock the account that this one is below, before this one itself; None if it is below none."""
    found = account_by_id(tx, account_id)
    return None if found is None or found.parent_id is None else account_by_id(tx, found.parent_id, lock=True)


def _bring_down(tx: Tx, account_id: str, terms: Terms) -> list[Act]:
    """Bring the terms of all accounts below one within its own, level by level."""
    acts: list[Act] = []
    level = {account_id: terms}
    while found := accounts_below(tx, list(level)):
        within = {each.id: narrowed(each.terms, level[each.parent_id or ""]) for each in found}
        put_terms(tx, {each.id: within[each.id] for each in found if within[each.id] != each.terms})
        for each in found:
            acts += _act(each.id, terms_facts(each.terms), terms_facts(within[each.id]))
        level = within
    return acts


def _act(account_id: str, before: Facts, after: Facts) -> Sequence[Act]:
    was, is_now = differences(before, after)
    if not is_now:
        return ()
    action = Action.ACCOUNT_TERMS_CHANGED
    return (Act(action=action, object_id=account_id, account_id=account_id, before=was, after=is_now),)
