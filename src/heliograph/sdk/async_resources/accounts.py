"""The accounts of an installation, for those who run it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.async_resources.listing import AsyncListing, items
from heliograph.sdk.transport import AsyncTransport


class AsyncAccounts:
    """All accounts, for those who run the installation: the client's token needs the scope `admin`.

    An account is named by its id or its name. Sums are decimals as text.
    """

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(self, name: str, *, parent: str | None = None) -> wire.ManagedAccount:
        """Make an account, below another one if that is given."""
        body = wire.CreateAccount(name=name, parent=parent)
        return await self._transport.run(calls.post(wire.ManagedAccount, body, "accounts"))

    def list(self, *, page_size: int = 100) -> AsyncListing[wire.AccountSummary]:
        """List all accounts, newest first, those that are closed among them; pages are fetched as they are needed."""
        return items(self._transport, wire.AccountPage, "accounts", limit=page_size)

    async def get(self, account: str) -> wire.ManagedAccount:
        """Read what is agreed with an account, what it has to spend, and what it has sent of what it may."""
        return await self._transport.run(calls.get(wire.ManagedAccount, "accounts", account))

    async def change(self, account: str, change: wire.ChangeTerms) -> wire.ManagedAccount:
        """Change what is agreed: what `change` leaves out stays, None is nothing. In force within two seconds."""
        return await self._transport.run(calls.patch(wire.ManagedAccount, change, "accounts", account))

    async def top_up(self, account: str, amount: str, *, note: str | None = None) -> wire.Balance:
        """Add to its balance; an account that was not billed is from now on."""
        return await self._change_balance(account, amount, "top_up", note)

    async def correct(self, account: str, amount: str, *, note: str) -> wire.Balance:
        """Add to its balance, or take off it if `amount` is negative; the ledger keeps the note."""
        return await self._change_balance(account, amount, "correction", note)

    async def _change_balance(
        self, account: str, amount: str, kind: Literal["top_up", "correction"], note: str | None
    ) -> wire.Balance:
        body = wire.ChangeBalance(amount=amount, kind=kind, note=note)
        return await self._transport.run(calls.post(wire.Balance, body, "accounts", account, "balance"))

    async def rotate_callback_secret(self, account: str, *, grace_s: int = 0) -> str:
        """Give it another secret for the signatures of its callbacks."""
        body = wire.RotateCallbackSecret(grace_s=grace_s)
        call = calls.post(wire.CallbackSecret, body, "accounts", account, "callback_secret")
        return (await self._transport.run(call)).callback_secret

    async def erase(
        self, number: str, *, account: str | None = None, dry_run: bool = False, forget_optouts: bool = False
    ) -> wire.Erasure:
        """Erase a number from the data of all accounts, or of one, and say what went. Safe to repeat.

        `dry_run` only says what names it. Its opt-outs stay unless `forget_optouts`: without them it would be written
        to again. A message that a provider has stays until it ends: repeat it while `on_their_way` is not 0.
        """
        body = wire.Erase(number=number, account=account, dry_run=dry_run, forget_optouts=forget_optouts)
        return await self._transport.run(calls.post(wire.Erasure, body, "erasures", waits_s=calls.ERASING_S))

    async def close(self, account: str, *, name: str) -> Sequence[str]:
        """End it with all below it, for ever, and keep its record; the identifiers of all that were closed. `name` is
        the account's, so that no slip closes another."""
        body = wire.CloseAccount(name=name)
        return (await self._transport.run(calls.post(wire.ClosedAccounts, body, "accounts", account, "close"))).closed
