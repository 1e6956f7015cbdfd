"""The sandbox's two accounts and their credentials: where there is a sandbox, and only there.

Their secrets are kept in clear in the data directory, readable by its owner only, so that what a developer has put into
an application goes on working after a restart. No other account's secrets are ever written down. Once the sandbox is
off, what was printed is worth nothing: the credentials are revoked at the next start, and given back when it is on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from heliograph.calling.private_files import write_secrets
from heliograph.domain.accounts import Account, Scope
from heliograph.domain.errors import SetupError
from heliograph.domain.instants import now_ms
from heliograph.domain.prices import MICROS
from heliograph.domain.seals import Seal
from heliograph.services.accounts import Accounts
from heliograph.services.key_kinds import Key, KeyKind
from heliograph.services.services import Services
from heliograph.store import Store
from heliograph.store.accounts import account_by_name
from heliograph.store.ledger import set_balance
from heliograph.store.settings import get_setting, put_setting
from heliograph.store.tx import Tx

FILE_NAME = "sandbox-credentials.json"
_BALANCE_SETTING = "sandbox.balance"
_CREDENTIALS_SETTING = "sandbox.credentials"
FIRST, OTHER = "sandbox", "other"
_RENAMED = {"v1": "native"}
"""Names of protocols that 0.1.0 wrote into the file differently."""

Credentials = dict[str, dict[str, Key]]
"""Keys by the account's name, then by the protocol's."""


async def ensure(
    store: Store, accounts: Accounts, kinds: Sequence[KeyKind], data_dir: Path
) -> tuple[Account, Credentials]:
    """Return the first account, and both accounts' keys for every protocol: the same at every start.

    Where processes share the store, they are the same in all of them.
    """
    file = data_dir / FILE_NAME
    before = await _shared(store)
    saved = _opened(accounts.seal, before) or _read(file)
    issued = await _issued(accounts, kinds, saved)
    if store.dialect != "sqlite" and (before is None or issued != saved):
        sealed = accounts.seal.close(msgspec.json.encode(issued).decode())
        kept = await store.write(_keep, sealed, before)
        if kept != sealed:  # another process was first
            issued = await _issued(accounts, kinds, _opened(accounts.seal, kept))
    if issued != _read_if_whole(file):
        write_secrets(file, msgspec.json.format(msgspec.json.encode(issued), indent=2))
    return await accounts.ensure(FIRST), issued


async def _shared(store: Store) -> str | None:
    """Read the credentials, sealed, that all processes of a store have; None where there is one process."""
    return None if store.dialect == "sqlite" else await store.read(get_setting, _CREDENTIALS_SETTING)


def _opened(seal: Seal, sealed: str | None) -> Credentials:
    return {} if sealed is None else msgspec.json.decode(seal.open(sealed), type=Credentials)


def _keep(tx: Tx, sealed: str, before: str | None) -> str:
    """Put shared credentials in the place of those that were there `before`, and return those that are there then."""
    tx.take_turns_about(_CREDENTIALS_SETTING)
    found = get_setting(tx, _CREDENTIALS_SETTING)
    if found is not None and found != before:
        return found
    put_setting(tx, _CREDENTIALS_SETTING, sealed)
    return sealed


async def _issued(accounts: Accounts, kinds: Sequence[KeyKind], saved: Credentials) -> Credentials:
    issued: Credentials = {}
    for name in (FIRST, OTHER):
        account = await accounts.ensure(name)
        issued[name] = {}
        for keys in kinds:
            scopes = keys.scopes | {Scope.CHAOS} if name == FIRST else keys.scopes
            _, issued[name][keys.name] = await keys.issue(
                accounts,
                account,
                scopes=scopes,
                networks=keys.sandbox_networks,
                again=saved.get(name, {}).get(keys.name),
            )
    return issued


async def seed(services: Services, kinds: Sequence[KeyKind], credentials: Credentials) -> None:
    """Give both accounts what each protocol needs to be of use."""
    for name, of_account in credentials.items():
        account = await services.accounts.ensure(name)
        for keys in kinds:
            await keys.seed(services.accounts, services.applications, account, of_account[keys.name])


async def withdraw(store: Store, services: Services, kinds: Sequence[KeyKind], data_dir: Path) -> None:
    """Revoke what earlier starts with a sandbox printed. Safe to repeat; the file stays, for when it is on again."""
    saved = _opened(services.accounts.seal, await _shared(store)) or _read(data_dir / FILE_NAME)
    for name, of_account in saved.items():
        account = await services.accounts.find(name)
        if account is None:
            continue
        for keys in kinds:
            if (key := of_account.get(keys.name)) is not None:
                await services.accounts.revoke_kind(account, keys.kind, key.public_id)
                await keys.withdraw(services.accounts, services.applications, account, key)


async def ensure_balances(store: Store, balance: float) -> None:
    """Set both balances to what the setting `balance` says, at the first start with prices and whenever it changes."""
    wanted = str(balance)
    if await store.read(get_setting, _BALANCE_SETTING) != wanted:
        await store.write(_set_balances, round(balance * MICROS), wanted)


def _set_balances(tx: Tx, amount: int, wanted: str) -> None:
    for name in (FIRST, OTHER):
        if (account := account_by_name(tx, name)) is not None:
            set_balance(tx, account.id, amount, now_ms())
    put_setting(tx, _BALANCE_SETTING, wanted)


def _read_if_whole(file: Path) -> Credentials | None:
    try:
        return _read(file)
    except SetupError:
        return None


def _read(file: Path) -> Credentials:
    try:
        found = msgspec.json.decode(file.read_bytes(), type=Credentials)
        return {name: {_RENAMED.get(kind, kind): key for kind, key in keys.items()} for name, keys in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise SetupError(
            f"The sandbox's credentials in {file} cannot be read ({error}); delete the file to get new ones."
        ) from error
