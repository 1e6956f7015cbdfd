"""Accounts that an account makes for its own customers, and keeps in credit."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import msgspec

from heliograph.domain.accounts import Account, CredentialKind, Terms, new_secret
from heliograph.domain.amounts import money_text
from heliograph.domain.audit import Act, Action
from heliograph.domain.channels import Channel
from heliograph.domain.errors import InsufficientCredit, InvalidField, NameTaken, NotFound, ScopeMissing
from heliograph.domain.ids import new_id
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.prices import MICROS
from heliograph.engine.engine import Engine
from heliograph.numbers import COUNTRIES, region_named
from heliograph.services.accounts import LONGEST_NAME, Accounts, Issued, public_part
from heliograph.services.audit import audited
from heliograph.store.accounts import add_account, find_credential
from heliograph.store.ledger import set_balance, transfer
from heliograph.store.tx import Tx


class SubAccounts:
    def __init__(self, engine: Engine, accounts: Accounts) -> None:
        self._engine = engine
        self._store = engine.store
        self._accounts = accounts

    async def add(
        self,
        parent: Account,
        name: str,
        kind: CredentialKind,
        *,
        scopes: frozenset[str],
        networks: Sequence[str] | None,
    ) -> tuple[Account, Issued]:
        """Add an account without credit, and a key for it that is good from the addresses in `networks`.

        Its name stands behind its parent's, so that nobody takes a name that the installation may want. Raises
        NameTaken; InvalidField.
        """
        if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
            raise InvalidField(f"The name of an account has 1 to {LONGEST_NAME} characters.", field="name")
        made = Account(
            id=new_id(),
            name=f"{parent.name}/{name}",
            created_at=from_ms(now_ms()),
            callback_secret=new_secret(),
            optout_page=secrets.token_hex(5),
            terms=Terms(
                prices=parent.terms.prices,
                codes=parent.terms.codes,
                countries=parent.terms.countries,
                originators=parent.terms.originators,
                quiet_hours=parent.terms.quiet_hours,
            ),
            parent_id=parent.id,
        )
        facts = {"name": made.name, "parent": parent.id}
        act = Act(action=Action.ACCOUNT_CREATED, object_id=made.id, account_id=made.id, after=facts)
        if not await audited(self._store, act, _add, made):
            raise NameTaken("There is an account of this name already.", field="name")
        return made, await self._accounts.issue(made, kind, scopes=scopes, networks=networks)

    async def find(self, parent: Account, kind: CredentialKind, key: str) -> Account:
        """Find the account below `parent` that has this key. Raises NotFound."""
        found = await self._store.read(find_credential, kind.value, public_part(key), now_ms())
        if found is None or found.account.parent_id != parent.id:
            raise NotFound("There is no account with this key below this one.")
        return found.account

    async def set_price(self, parent: Account, child: Account, country: str, price: int) -> None:
        """Set what a part by SMS to a country (ISO 3166 alpha-2) costs the child, in millionths.

        Raises InvalidField for what is not a country, one that nothing is sent to, and a price below the parent's own.
        """
        region = region_named(country)
        if region is None:
            raise InvalidField(f"{country!r} is no country.", field="country")
        least = self._engine.tariff.with_prices(parent.terms.prices).price_of(Channel.SMS, region)
        if least is None:
            raise InvalidField(f"Nothing is sent to {COUNTRIES[region]}, whatever the price.", field="country")
        if price < least:
            raise InvalidField(
                f"A part to {COUNTRIES[region]} costs {least / MICROS:g} or more, not {price / MICROS:g}.",
                field="price",
            )
        await self._change(child, prices=dict(child.terms.prices) | {region: price})

    async def give_credit(self, parent: Account, child: Account, amount: int) -> None:
        """Move millionths from the parent's balance to the child's. Raises InsufficientCredit, InvalidField."""
        if amount <= 0:
            raise InvalidField("Credit is more than nothing.", field="amount")
        facts = {"amount": money_text(amount), "from": parent.id}
        act = Act(action=Action.BALANCE_TRANSFERRED, object_id=child.id, account_id=child.id, after=facts)
        if not await audited(self._store, act, transfer, parent.id, child.id, amount, now_ms()):
            raise InsufficientCredit()

    async def restrict(self, parent: Account, child: Account, *, stop: bool | None, night: bool | None) -> None:
        """Set whether the child must say how to opt out, and keep quiet at night; None: as it was.

        Raises ScopeMissing if the parent may not do itself what it would allow.
        """
        too_much = stop is False and not parent.terms.may_omit_stop
        if too_much or (night is False and not parent.terms.may_send_at_night):
            raise ScopeMissing("An account can't allow what it may not do itself.")
        changes: dict[str, object] = {}
        if stop is not None:
            changes["may_omit_stop"] = not stop
        if night is not None:
            changes["may_send_at_night"] = not night
        await self._change(child, **changes)

    async def _change(self, child: Account, **values: object) -> None:
        await self._accounts.change(child, terms=msgspec.structs.replace(child.terms, **values))


def _add(tx: Tx, account: Account) -> bool:
    if not add_account(tx, account):
        return False
    set_balance(tx, account.id, 0, now_ms())
    return True
