"""Accounts that an account makes for its own customers, and keeps in credit."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from msgspec import UNSET

from heliograph.domain.accounts import Account, CredentialKind, new_secret
from heliograph.domain.amounts import money_text
from heliograph.domain.audit import Act, Action
from heliograph.domain.errors import InsufficientCredit, InvalidField, NameTaken, NotFound, ScopeMissing
from heliograph.domain.ids import new_id
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.terms import TermsChange
from heliograph.engine.engine import Engine
from heliograph.numbers import region_named
from heliograph.services.accounts import LONGEST_NAME, Accounts, Issued, public_part
from heliograph.services.agreements import add, agree
from heliograph.services.audit import audited
from heliograph.store.accounts import find_credential
from heliograph.store.ledger import transfer


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
        wanted = Account(
            id=new_id(),
            name=f"{parent.name}/{name}",
            created_at=from_ms(now_ms()),
            callback_secret=new_secret(),
            optout_page=secrets.token_hex(5),
            parent_id=parent.id,
        )
        made = await add(self._store, wanted, billed=True)
        if made is None:
            raise NameTaken("There is an account of this name already.", field="name")
        return made, await self._accounts.issue(made, kind, scopes=scopes, networks=networks)

    async def find(self, parent: Account, kind: CredentialKind, key: str) -> Account:
        """Find the account below `parent` that has this key. Raises NotFound."""
        found = await self._store.read(find_credential, kind.value, public_part(key), now_ms())
        if found is None or found.account.parent_id != parent.id:
            raise NotFound("There is no account with this key below this one.")
        return found.account

    async def set_price(self, child: Account, country: str, price: int) -> None:
        """Set what a part by SMS to a country (ISO 3166 alpha-2) costs the child, in millionths.

        Raises InvalidField for what is not a country, one that nothing is sent to, and a price below what the parent
        pays, which is no less than the installation's.
        """
        if region_named(country) is None:
            raise InvalidField(f"{country!r} is no country.", field="country")
        await self._agree(child, TermsChange(prices={country: price}))

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
        await self._agree(
            child,
            TermsChange(
                may_omit_stop=UNSET if stop is None else not stop,
                may_send_at_night=UNSET if night is None else not night,
            ),
        )

    async def _agree(self, child: Account, change: TermsChange) -> None:
        await agree(self._store, child.id, change, self._engine.tariff)
        self._accounts.access.forget()
