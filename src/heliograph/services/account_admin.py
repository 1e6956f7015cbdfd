"""What those who run the installation decide about its accounts: whom there is, what is agreed, when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from heliograph.domain.accounts import ADMINISTRATORS, Account, new_secret
from heliograph.domain.amounts import money_text
from heliograph.domain.audit import Act, Action
from heliograph.domain.caps import Usage
from heliograph.domain.errors import InvalidField, NameTaken
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.ledger import EntryKind
from heliograph.domain.prices import Tariff
from heliograph.domain.terms import LARGEST, TermsChange
from heliograph.services.access import REMEMBERED_S
from heliograph.services.accounts import Accounts
from heliograph.services.agreements import agree, mark_of
from heliograph.services.audit import audited
from heliograph.services.audit_facts import money_fact
from heliograph.services.keys import LONGEST_GRACE_S, require_open
from heliograph.store import Store
from heliograph.store.accounts import accounts_page
from heliograph.store.closing import below, cancel_some, close_accounts, stop_work
from heliograph.store.ledger import Balance, add_to_balance, balance_of, balance_with_credit
from heliograph.store.tx import Tx
from heliograph.store.usage import usage_of

LONGEST_NOTE = 255
STORED_WITHIN_S = 0.5
"""How long the last request that was let in may take until it is stored; a large one is refused if it takes longer."""


class Standing(msgspec.Struct, frozen=True):
    """Where an account stands."""

    balance: Balance | None
    """None: it is not billed."""
    usage: Usage
    """What counts towards its caps; nothing where it has none."""


class AccountAdmin:
    """Spans accounts: for whoever runs the installation."""

    def __init__(self, store: Store, accounts: Accounts, tariff: Callable[[], Tariff]) -> None:
        """Check prices that are to be agreed by what `tariff` says at that moment."""
        self._store = store
        self._accounts = accounts
        self._tariff = tariff

    async def create(self, name: str, parent: Account | None = None) -> Account:
        """Make an account, below another one if that is given. Raises NameTaken, InvalidField or AccountClosed."""
        if parent is not None:
            require_open(parent)
        made = await self._accounts.create(name, parent)
        if made is None:
            raise NameTaken(f"There is an account named {name!r} already.", field="name")
        return made

    async def page(self, *, limit: int, before: str | None = None, parent: Account | None = None) -> list[Account]:
        """List accounts, newest first, of those older than `before`; those that are closed among them.

        Of a `parent`: those right below it.
        """
        parent_id = None if parent is None else parent.id
        return await self._store.read(accounts_page, limit=limit, before=before, parent_id=parent_id)

    async def standing(self, account: Account) -> Standing:
        """Read what an account has to spend, and what it has sent of what it may."""
        balance = await self._store.read(balance_with_credit, account.id)
        return Standing(balance, await self._store.read(usage_of, account.id, now_ms()))

    async def agree(
        self, account: Account, change: TermsChange, credit: int | None = None, *, seen: str | None = None
    ) -> Account:
        """Change what is agreed with an account, in force in every process within two seconds.

        The accounts below it are brought within that. `credit` is how far below nothing its balance may go, in
        millionths; None: as far as before. `seen` is what `agreed_mark` returned for what the change was made from;
        None: whatever it is now. Raises AccountClosed; ChangedMeanwhile if something else was agreed since; or
        InvalidField by name, also for a price that is less than what a message costs, for what goes beyond the account
        above, and for the credit of an account that is not billed: then nothing has changed.
        """
        require_open(account)
        if credit is not None and not 0 <= credit <= LARGEST:
            raise InvalidField("A credit is nothing or more.", field="credit")

        terms = await agree(self._store, account.id, change, self._tariff(), credit, seen)
        self._accounts.access.forget()
        return msgspec.structs.replace(account, terms=terms)

    async def top_up(self, account: Account, amount: int, note: str | None) -> int:
        """Add millionths to a balance, and return what it is then. An account that was not billed is from now on.

        Raises InvalidField or AccountClosed.
        """
        if amount <= 0:
            raise InvalidField("A top-up is more than nothing; a correction may be less.", field="amount")
        return await self._enter(account, EntryKind.TOP_UP, amount, note)

    async def correct(self, account: Account, amount: int, note: str | None) -> int:
        """Add millionths to a balance, or take some off it, and return what it is then.

        Raises InvalidField, also without a note, and AccountClosed.
        """
        if not note:
            raise InvalidField("A correction needs a note that says why.", field="note")
        return await self._enter(account, EntryKind.CORRECTION, amount, note)

    async def _enter(self, account: Account, kind: EntryKind, amount: int, note: str | None) -> int:
        require_open(account)
        if abs(amount) > LARGEST // 1_000:
            raise InvalidField("That is more money than there is.", field="amount")
        if note is not None and (len(note) > LONGEST_NOTE or not note.isprintable()):
            raise InvalidField(f"A note has {LONGEST_NOTE} printable characters at most.", field="note")

        def act(entered: _Entered) -> Act:
            action = Action.BALANCE_TOPPED_UP if kind is EntryKind.TOP_UP else Action.BALANCE_CORRECTED
            return Act(
                action=action,
                object_id=account.id,
                account_id=account.id,
                before={"balance": money_fact(entered.before)},
                after={"balance": money_text(entered.after), "amount": money_text(amount)},
            )

        entered = await audited(self._store, act, _add, account.id, kind, amount, note or None)
        return entered.after

    async def close(self, account: Account) -> Sequence[str]:
        """Close an account with all below it, and return the identifiers of all of them. Safe to repeat.

        Their keys are worth nothing within two seconds; what waits is canceled and what is with providers goes on;
        nothing inbound is theirs any more. When this returns, nothing is left that could be sent later. The record
        stays: messages, the ledger, and the names. Raises InvalidField for the administrators' account.
        """
        if account.name == ADMINISTRATORS:
            raise InvalidField("The administrators' account stays; revoke their keys instead.", field="name")
        closed = await self._store.read(below, account.id)

        def acts(were_open: Sequence[str]) -> Sequence[Act]:
            facts = {"closed_with": account.id}
            return [Act(action=Action.ACCOUNT_CLOSED, object_id=one, account_id=one, after=facts) for one in were_open]

        await audited(self._store, acts, close_accounts, closed, now_ms())
        self._accounts.access.forget()
        await self._cancel_all(closed)
        await asyncio.sleep(REMEMBERED_S + STORED_WITHIN_S)  # another process lets callers in whom it has looked at
        await self._cancel_all(closed)
        return closed

    async def _cancel_all(self, account_ids: Sequence[str]) -> None:
        while await self._store.write(stop_work, account_ids, now_ms()):
            pass
        while await self._store.write(cancel_some, account_ids, now_ms()):
            pass

    async def rotate_callback_secret(self, account: Account, grace_s: int) -> str:
        """Give an account another secret for the signatures of its callbacks, and return it.

        For `grace_s` seconds they are signed with both, where the protocol has room for two. Opt-out links stay good.
        Raises InvalidField or AccountClosed.
        """
        require_open(account)
        if not 0 <= grace_s <= LONGEST_GRACE_S:
            raise InvalidField("A grace is a year at most.", field="grace")
        secret = new_secret()
        now = now_ms()
        await self._accounts.change(
            account,
            callback_secret=secret,
            former_callback_secret=account.callback_secret if grace_s else None,
            former_callback_until=from_ms(now + grace_s * 1_000) if grace_s else None,
            optout_secret=account.optout_secret or account.callback_secret,
        )
        return secret


def agreed_mark(account: Account, standing: Standing) -> str:
    """Return what tells what is agreed with an account, as it was read, from what is agreed later."""
    return mark_of(account.terms, None if standing.balance is None else standing.balance.credit)


class _Entered(NamedTuple):
    """A balance before and after it was changed by hand; None: the account was not billed."""

    before: int | None
    after: int


def _add(tx: Tx, account_id: str, kind: EntryKind, amount: int, note: str | None) -> _Entered:
    was_billed = balance_of(tx, account_id) is not None
    after = add_to_balance(tx, account_id, kind, amount, note, now_ms())
    return _Entered(after - amount if was_billed else None, after)
