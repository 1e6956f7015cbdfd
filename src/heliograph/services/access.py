"""Authentication: who is calling, and what they may do.

This is the one place where credentials are checked, whichever door they come by: that the secret is right, that it is
good now and from this address, and that its account is open. What was checked is trusted for a moment, so that most
requests ask nothing of the store: a change counts at once in the process that makes it, in others after that moment.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from heliograph.domain.accounts import (
    Account,
    CredentialKind,
    Principal,
    hash_password,
    hash_secret,
    is_password,
    same_secret,
)
from heliograph.domain.errors import AccessError, AddressNotAllowed, InvalidField, ScopeMissing, Unauthenticated
from heliograph.domain.instants import now_ms
from heliograph.domain.people import IDLE_S, SCOPES, Person, Role
from heliograph.engine.addresses import Network
from heliograph.services.key_uses import KeyUses
from heliograph.services.logins import Logins
from heliograph.store import Store
from heliograph.store.accounts import (
    FoundCredential,
    account_by_id,
    account_by_name,
    find_credential,
    find_credentials,
    find_former,
)
from heliograph.store.people import person_named
from heliograph.store.signing_in import session_by_secret, touch_session

REMEMBERED_S = 1.5
"""How long a checked credential is trusted without another look, in seconds.

A revocation is in force everywhere after that, and within two seconds also where looking took a while."""
REMEMBERED = 10_000
SEEN_EVERY_MS = 60_000
"""How often at most it is written down that a session is used."""
ACCOUNT_HEADER = "X-Heliograph-Account"
"""The header in which people say for which of their accounts they act, by its name or id."""


class Login(NamedTuple):
    """Somebody who logged in with a password, and stays."""

    principal: Principal
    secret_hash: str
    """Of the password, as it is stored."""
    address: str


class SignedIn(NamedTuple):
    """A person with a session that is good."""

    person: Person
    session_id: str
    ends_at: int
    """Milliseconds since 1970."""


class Access:
    def __init__(self, store: Store) -> None:
        self.on_refused: Callable[[str], None] = lambda _kind: None
        """Called with the kind of each credential that was not right, or not good from where it was used."""
        self.uses = KeyUses(store)
        self._store = store
        self.logins = Logins()
        self._nobodys: str | None = None
        """The hash that a password is compared with if nobody has the name."""
        self._remembered: dict[tuple[str, str, str], tuple[float, Principal]] = {}

    async def authenticate(
        self, kind: CredentialKind, public_id: str, secret: str, *, address: str | None
    ) -> Principal:
        """Find the caller behind a credential. Raises Unauthenticated, whatever part of it is wrong.

        Raises AddressNotAllowed if it is not good from this address; None: nobody knows where the caller is.
        """
        secret_hash = hash_secret(secret)
        key = (kind.value, public_id, secret_hash)
        known = self._remembered.get(key)
        principal = known[1] if known is not None and known[0] > time.monotonic() else await self._looked_up(kind, key)
        self._require_address(kind, principal, address)
        self.uses.note(principal.credential_id, address)
        return principal

    async def _looked_up(self, kind: CredentialKind, key: tuple[str, str, str]) -> Principal:
        _, public_id, secret_hash = key
        asked, now = time.monotonic(), now_ms()
        found = await self._store.read(find_credential, kind.value, public_id, now)
        # A credential that is not there is compared too, so that the answer takes as long.
        stored = found.secret_hash if found is not None else hash_secret("")
        if not same_secret(stored, secret_hash) or found is None:
            formers = await self._store.read(find_former, kind.value, public_id, now)
            found = next((each for each in formers if same_secret(each.secret_hash, secret_hash)), None)
        if found is None:
            self.on_refused(kind.value)
            raise Unauthenticated()
        return self._remember(key, _principal(found, public_id), asked, now)

    def _remember(self, key: tuple[str, str, str], principal: Principal, asked: float, now: int) -> Principal:
        if len(self._remembered) >= REMEMBERED:
            self._remembered.clear()
        left_s = REMEMBERED_S if principal.expires_at is None else (principal.expires_at - now) / 1_000
        self._remembered[key] = (asked + min(REMEMBERED_S, left_s), principal)
        return principal

    async def session(self, token: str, account: str | None, *, address: str | None) -> Principal:
        """Find the person behind the token of a session, as somebody who acts for the account of that name or id.

        None for `account` is the only one where the person has a role, or the installation for an administrator. Raises
        Unauthenticated; AccessError for an account where the person has no role; InvalidField if none of several is
        named.
        """
        secret_hash = hash_secret(token)
        key = ("session", "" if account is None else f"={account}", secret_hash)
        known = self._remembered.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        asked, now = time.monotonic(), now_ms()
        who = await self.signed_in(token, address=address)
        owner, role = await self._acting_for(who.person, account)
        principal = Principal(
            owner, SCOPES[role], who.session_id, who.person.email, expires_at=who.ends_at, person_id=who.person.id
        )
        return self._remember(key, principal, asked, now)

    async def signed_in(self, token: str, *, address: str | None) -> SignedIn:
        """Find the person behind the token of a session, whomever the person acts for. Raises Unauthenticated."""
        now = now_ms()
        found = await self._store.read(session_by_secret, hash_secret(token), now)
        person = None if found is None else await self._store.read(person_named, found.person_id)
        if found is None or person is None:
            self.on_refused("session")
            raise Unauthenticated("The session has ended: sign in again.")
        if now - found.seen_at > SEEN_EVERY_MS:
            await self._store.write(touch_session, found.id, now, now + IDLE_S * 1_000, address)
        return SignedIn(person, found.id, min(found.idle_until, found.last_until))

    async def _acting_for(self, person: Person, account: str | None) -> tuple[Account, Role]:
        if account is None:
            of_installation = [held for held in person.roles if held.role is Role.ADMINISTRATOR]
            held = of_installation or person.roles
            if len(held) > 1:
                names = ", ".join(each.account_name for each in held)
                raise InvalidField(f"Say in the header {ACCOUNT_HEADER} whom you act for: {names}.", field="account")
            account = held[0].account_id if held else ""
        owner = await self._store.read(account_by_id, account) or await self._store.read(account_by_name, account)
        here = [held.role for held in person.roles if owner is not None and held.account_id == owner.id]
        role = Role.ADMINISTRATOR if person.is_administrator else next(iter(here), None)
        if owner is None or owner.closed_at is not None or role is None:
            raise AccessError("You have no role at such an account, or it is closed.", field="account")
        return owner, role

    async def log_in(self, kind: CredentialKind, public_id: str, password: str, *, address: str) -> Principal:
        """Find the caller behind a name and a password. Raises what `log_in_to_stay` raises."""
        return (await self.log_in_to_stay(kind, public_id, password, address=address)).principal

    async def log_in_to_stay(self, kind: CredentialKind, public_id: str, password: str, *, address: str) -> Login:
        """Find the caller behind a name and a password. Raises Unauthenticated, whatever is wrong, after the same time.

        Raises TooManyLogins without a look at the password, if `address` or the name had too many that were wrong, and
        AddressNotAllowed if the right one is not good from there.
        """
        async with self.logins.attempt(public_id, address) as attempt:
            now = now_ms()
            found = await self._store.read(find_credential, kind.value, public_id, now)
            formers = await self._store.read(find_former, kind.value, public_id, now)
            if self._nobodys is None:
                self._nobodys = await asyncio.to_thread(hash_password, "")
            stored = found.secret_hash if found is not None else self._nobodys
            attempt.right = await asyncio.to_thread(is_password, stored, password) and found is not None
            for former in () if attempt.right else formers:
                attempt.right = await asyncio.to_thread(is_password, former.secret_hash, password)
                found = former
                if attempt.right:
                    break
        if not attempt.right or found is None:
            self.on_refused(kind.value)
            raise Unauthenticated("There is no account with this name and password.")
        principal = _principal(found, public_id)
        self._require_address(kind, principal, address)
        self.uses.note(principal.credential_id, address)
        return Login(principal, found.secret_hash, address)

    async def still_good(self, logins: Sequence[Login]) -> list[Principal | None]:
        """Look at those who have logged in and stay: each as it is now, or None if its password is good no longer.

        One question for all of them: whoever keeps connections asks once a second.
        """
        ids = list({login.principal.credential_id for login in logins})
        found = await self._store.read(find_credentials, ids, now_ms()) if ids else []
        good = {(each.id, each.secret_hash): each for each in found}
        return [_renewed(login, good.get((login.principal.credential_id, login.secret_hash))) for login in logins]

    def _require_address(self, kind: CredentialKind, principal: Principal, address: str | None) -> None:
        try:
            require_address(principal, address)
        except AddressNotAllowed:
            self.on_refused(kind.value)
            raise

    def forget(self) -> None:
        """Make a change to accounts or credentials count at once in this process."""
        self._remembered.clear()


def _renewed(login: Login, found: FoundCredential | None) -> Principal | None:
    if found is None:
        return None
    principal = _principal(found, login.principal.public_id)
    try:
        require_address(principal, login.address)
    except AddressNotAllowed:
        return None
    return principal


def _principal(found: FoundCredential, public_id: str) -> Principal:
    return Principal(
        found.account, found.scopes, found.id, public_id, found.application_id, found.networks, found.expires_at
    )


def require_address(principal: Principal, address: str | None) -> None:
    """Check that a credential is good from this address; None: it is unknown. Raises AddressNotAllowed."""
    if principal.networks is not None and not is_within(address, _parsed(tuple(principal.networks))):
        raise AddressNotAllowed(f"This credential can't be used from {address or 'an unknown address'}.")


@lru_cache(maxsize=10_000)
def _parsed(networks: Sequence[str]) -> Sequence[Network]:
    return [ip_network(network) for network in networks]


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
