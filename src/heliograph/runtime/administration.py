"""What the person who runs the installation does to its store by commands, also while servers run on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec

from heliograph.domain.accounts import Account, Scope
from heliograph.domain.errors import SetupError
from heliograph.domain.fraud import CodeTerms
from heliograph.protocols.registry import KEY_KINDS
from heliograph.runtime import providers, seal_key
from heliograph.runtime.privacy import make_private
from heliograph.runtime.settings import Settings
from heliograph.services.access import Access
from heliograph.services.accounts import Accounts
from heliograph.services.key_kinds import KeyKind
from heliograph.store import Store, open_store

T = TypeVar("T")


class Administration:
    """Commands on a store, each committed when it returns. Raises SetupError, in one sentence, if that can't be."""

    def __init__(self, settings: Settings, store: Store, accounts: Accounts) -> None:
        self._settings = settings
        self._store = store
        self.accounts = accounts

    async def create_account(self, name: str) -> Account:
        """Make an account. Raises SetupError if the name is taken, InvalidField if it can't be one."""
        made = await self.accounts.create(name)
        if made is None:
            raise SetupError(f"There is an account named {name!r} already; `accounts list` shows all.")
        return made

    async def agree_on_codes(self, account: str, **limits: Any) -> None:
        """Set what bounds an account's one-time codes, instead of the settings; None: as the settings say."""
        owner = await self._account(account)
        terms = msgspec.structs.replace(owner.terms, codes=CodeTerms(**limits))
        await self.accounts.change(owner, terms=terms)

    async def _account(self, name: str) -> Account:
        found = await self.accounts.find(name)
        if found is None:
            raise SetupError(f"There is no account named {name!r}; `accounts list` shows all.")
        return found

    async def create_key(
        self, account: str, protocol: str, *, scopes: Sequence[str] | None, networks: Sequence[str] | None
    ) -> dict[str, str]:
        """Make a key of an account for one protocol; return its id, and its parts as that protocol's clients name them.

        Raises SetupError for an account, a protocol, a scope or a network that can't be.
        """
        keys = _keys_of(protocol)
        owner = await self._account(account)
        if strangers := sorted(set(scopes or ()) - set(Scope)):
            raise SetupError(f"There is no scope {strangers[0]!r}; there are {', '.join(sorted(Scope))}.")
        try:
            identifier, key = await keys.issue(self.accounts, owner, scopes=scopes, networks=networks)
        except ValueError as error:
            raise SetupError(f"A network is written as in 10.1.0.0/16: {error}.") from error
        return {"id": identifier, **keys.shown(key)}

    async def revoke_key(self, key_id: str) -> None:
        """End a key. Raises SetupError if there is none of this id, or it was revoked before."""
        if not await self.accounts.revoke_any(key_id):
            raise SetupError(f"There is no key {key_id!r} that is good.")

    async def renew_provider_address(self, name: str) -> None:
        """Give a provider another secret address, from the next start on. Raises SetupError if there is no such one."""
        if name not in self._settings.providers:
            raise SetupError(f"The settings have no provider named {name!r}.")
        await self._store.write(providers.renew_secret, name)


def run(settings: Settings, work: Callable[[Administration], Awaitable[T]]) -> T:
    """Open the store beside whatever runs on it, do `work`, and close it again."""

    async def done() -> T:
        make_private(settings.data_dir)
        store = await open_store(settings.store, settings.data_dir, beside=True)
        try:
            accounts = Accounts(store, Access(store), await seal_key.ensure(settings, store))
            return await work(Administration(settings, store, accounts))
        finally:
            await store.close()

    return asyncio.run(done())


def _keys_of(protocol: str) -> KeyKind:
    for keys in KEY_KINDS:
        if keys.name == protocol:
            return keys
    raise SetupError(f"There is no protocol {protocol!r}; there are {', '.join(keys.name for keys in KEY_KINDS)}.")
