"""Authentication: who is calling, and what they may do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from ipaddress import IPv6Address, ip_address, ip_network

from heliograph.domain.accounts import (
    CredentialKind,
    Principal,
    hash_password,
    hash_secret,
    is_password,
    same_secret,
)
from heliograph.domain.errors import AddressNotAllowed, ScopeMissing, Unauthenticated
from heliograph.domain.instants import now_ms
from heliograph.engine.addresses import Network
from heliograph.services.logins import Logins
from heliograph.store import Store
from heliograph.store.accounts import find_credential

REMEMBERED_S = 2.0
"""How long a checked credential is trusted without another look, in seconds: a revocation is in force after that."""
REMEMBERED = 10_000


class Access:
    def __init__(self, store: Store) -> None:
        self.on_refused: Callable[[str], None] = lambda _kind: None
        """Called with the kind of each credential that was not right."""
        self._store = store
        self._logins = Logins()
        self._nobodys: str | None = None
        """The hash that a password is compared with if nobody has the name."""
        self._remembered: dict[tuple[str, str, str], tuple[float, Principal]] = {}

    async def authenticate(self, kind: CredentialKind, public_id: str, secret: str) -> Principal:
        """Find the caller behind a credential. Raises Unauthenticated, whatever part of it is wrong."""
        secret_hash = hash_secret(secret)
        key = (kind.value, public_id, secret_hash)
        known = self._remembered.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        found = await self._store.read(find_credential, kind.value, public_id, now_ms())
        # A credential that is not there is compared too, so that the answer takes as long.
        stored = found.secret_hash if found is not None else hash_secret("")
        if not same_secret(stored, secret_hash) or found is None:
            self.on_refused(kind.value)
            raise Unauthenticated()
        principal = Principal(found.account, found.scopes, found.id, public_id, found.application_id, found.networks)
        if len(self._remembered) >= REMEMBERED:
            self._remembered.clear()
        self._remembered[key] = (time.monotonic() + REMEMBERED_S, principal)
        return principal

    async def log_in(self, kind: CredentialKind, public_id: str, password: str, *, address: str) -> Principal:
        """Find the caller behind a name and a password. Raises Unauthenticated, whatever is wrong, after the same time.

        Raises TooManyLogins without a look at the password, if `address` or the name had too many that were wrong.
        """
        async with self._logins.attempt(public_id, address) as attempt:
            found = await self._store.read(find_credential, kind.value, public_id, now_ms())
            if self._nobodys is None:
                self._nobodys = await asyncio.to_thread(hash_password, "")
            stored = found.secret_hash if found is not None else self._nobodys
            attempt.right = await asyncio.to_thread(is_password, stored, password) and found is not None
        if not attempt.right or found is None:
            self.on_refused(kind.value)
            raise Unauthenticated("There is no account with this name and password.")
        return Principal(found.account, found.scopes, found.id, public_id, found.application_id)

    def forget(self) -> None:
        """Make a change to accounts or credentials count at once in this process."""
        self._remembered.clear()


def require_address(principal: Principal, address: str | None) -> None:
    """Check that a credential is good from this address; None: it is unknown. Raises AddressNotAllowed."""
    if principal.networks is not None and not is_within(address, map(ip_network, principal.networks)):
        raise AddressNotAllowed(f"This credential can't be used from {address or 'an unknown address'}.")


def is_within(address: str | None, networks: Iterable[Network]) -> bool:
    """Say whether somebody calls from one of these networks; an IPv4 address that is written as IPv6 counts as IPv4."""
    try:
        caller = ip_address(address or "")
    except ValueError:
        return False
    if isinstance(caller, IPv6Address) and caller.ipv4_mapped is not None:
        caller = caller.ipv4_mapped
    return any(caller in network for network in networks)


def require(principal: Principal, scope: str) -> None:
    """Check that the credential has `scope`. Raises ScopeMissing if it has not."""
    if scope not in principal.scopes:
        raise ScopeMissing(f"This operation needs the scope {scope}.")
