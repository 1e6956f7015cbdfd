"""The sandbox's two accounts and their credentials.

Their secrets are kept in clear in the data directory, readable by its owner only, so that what a developer has put into
an application goes on working after a restart. No other account's secrets are ever written down.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from heliograph.api.shapes import PROTOCOL as NATIVE
from heliograph.calling.private_files import write_private
from heliograph.domain.accounts import Account, CredentialKind
from heliograph.domain.errors import SetupError
from heliograph.domain.instants import now_ms
from heliograph.domain.prices import MICROS
from heliograph.protocols.registry import SERVED
from heliograph.protocols.served import SandboxCredential, issue_again
from heliograph.runtime.settings import Settings
from heliograph.services.accounts import Accounts
from heliograph.services.services import Services
from heliograph.store import Store
from heliograph.store.accounts import account_by_name
from heliograph.store.ledger import set_balance
from heliograph.store.settings import get_setting, put_setting
from heliograph.store.tx import Tx

FILE_NAME = "sandbox-credentials.json"
_BALANCE_SETTING = "sandbox.balance"
FIRST, OTHER = "sandbox", "other"

Credentials = dict[str, dict[str, SandboxCredential]]
"""account name -> protocol name -> credential"""


async def ensure(accounts: Accounts, data_dir: Path) -> tuple[Account, Credentials]:
    """The first account, and both accounts' credentials for every protocol: the same at every start."""
    file = data_dir / FILE_NAME
    saved = _read(file)
    issued: Credentials = {}
    first: Account | None = None
    for name in (FIRST, OTHER):
        account = await accounts.ensure(name)
        first = first or account
        known = saved.get(name, {})
        issued[name] = {NATIVE: await issue_again(accounts, account, CredentialKind.API_KEY, known.get(NATIVE))}
        for protocol in SERVED:
            issued[name][protocol.name] = await protocol.issue(accounts, account, known.get(protocol.name))
    assert first is not None  # noqa: S101 - there are two
    if issued != saved:
        write_secrets(file, msgspec.json.format(msgspec.json.encode(issued), indent=2))
    return first, issued


async def furnish(services: Services, credentials: Credentials) -> None:
    """Both accounts have what each protocol needs to be of use."""
    for name, of_account in credentials.items():
        account = await services.accounts.ensure(name)
        for protocol in SERVED:
            await protocol.furnish(services, account, of_account[protocol.name])


async def ensure_balances(store: Store, settings: Settings) -> None:
    """Both accounts have what the setting `balance` says, from the first start with prices and whenever it changes."""
    if not settings.tariff.channels:
        return
    wanted = str(settings.balance)
    if await store.read(get_setting, _BALANCE_SETTING) != wanted:
        await store.write(_set_balances, round(settings.balance * MICROS), wanted)


def _set_balances(tx: Tx, amount: int, wanted: str) -> None:
    for name in (FIRST, OTHER):
        if (account := account_by_name(tx, name)) is not None:
            set_balance(tx, account.id, amount, now_ms())
    put_setting(tx, _BALANCE_SETTING, wanted)


def _read(file: Path) -> Credentials:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Credentials)
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise SetupError(
            f"The sandbox's credentials in {file} cannot be read ({error}); delete the file to get new ones."
        ) from error


def write_secrets(file: Path, content: bytes) -> None:
    """As write_private, but a SetupError if it can't."""
    try:
        write_private(file, content)
    except OSError as error:
        raise SetupError(f"The file {file} cannot be written: {error.strerror}.") from error
