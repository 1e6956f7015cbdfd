"""Keys of all accounts, for those who run the installation: made, listed, given other secrets, ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_network

import msgspec

from heliograph.domain.accounts import ADMINISTRATORS, PREFIXES, Account, CredentialKind, Scope, new_secret
from heliograph.domain.audit import Act, Action, Facts
from heliograph.domain.errors import AccountClosed, Conflict, InvalidField, NotFound
from heliograph.domain.instants import from_ms, maybe_ms, now_ms, to_ms
from heliograph.domain.keys import KeyFilter, KeyRecord, KeyState
from heliograph.services.accounts import Accounts, public_part
from heliograph.services.audit import audited
from heliograph.services.audit_facts import instant_fact, key_facts
from heliograph.services.key_kinds import Key, KeyKind
from heliograph.store import Store
from heliograph.store.accounts import revoke_any_credential
from heliograph.store.keys import has_key_with, key_by_id, keys_of, rotate_credential
from heliograph.store.people import has_administrator

MOST_NETWORKS = 100
LONGEST_GRACE_S = 366 * 86_400


class MadeKey(msgspec.Struct, frozen=True):
    """A key with its secret, which is nowhere else."""

    id: str
    account: Account
    protocol: str
    parts: Mapping[str, str]
    """What a client needs, in the words of the protocol's clients."""


class Keys:
    def __init__(self, store: Store, accounts: Accounts, kinds: Sequence[KeyKind]) -> None:
        self._store = store
        self._accounts = accounts
        self._by_protocol = {kind.name: kind for kind in kinds}
        self._by_kind = {kind.kind.value: kind for kind in reversed(kinds)}  # of two that share one, the first

    @property
    def protocols(self) -> Sequence[str]:
        """List what keys can be made for, by name."""
        return list(self._by_protocol)

    async def create(
        self,
        account: Account,
        protocol: str,
        *,
        scopes: Collection[str] | None = None,
        networks: Sequence[str] | None = None,
        expires_at: datetime | None = None,
    ) -> MadeKey:
        """Make a key for one protocol, with these scopes or with all that such a key usually has.

        Raises AccountClosed; InvalidField for an unknown protocol or scope, what is no network, or an expiry that is
        over.
        """
        kind = self._kind(protocol)
        require_open(account)
        _require_scopes(kind, scopes)
        _require_to_come(expires_at)
        key_id, key = await kind.add(
            self._accounts,
            account,
            scopes=scopes,
            networks=None if networks is None else _networks(networks),
            expires_at=maybe_ms(expires_at),
        )
        return MadeKey(key_id, account, protocol, kind.parts(account, key))

    async def page(self, account: Account | None, *, limit: int, before: str | None = None) -> list[KeyRecord]:
        """List keys of one account or of all, newest first, those that are good no longer among them."""
        wanted = KeyFilter(kinds=list(self._by_kind), account_id=None if account is None else account.id)
        return await self._store.read(keys_of, wanted, limit=limit, before=before)

    def protocol_of(self, key: KeyRecord) -> str:
        """Name the protocol that a key is for."""
        return self._by_kind[key.kind].name

    async def get(self, key_id: str) -> KeyRecord:
        """Read a key. Raises NotFound if there is none, also where it is a token."""
        found = await self._store.read(key_by_id, key_id)
        if found is None or found.kind not in self._by_kind:
            raise _not_good(key_id)
        return found

    async def rotate(self, key_id: str, grace_s: int = 0) -> MadeKey:
        """Give a key another secret. Both are good for `grace_s` seconds; with 0 the old one ends at once.

        What a client knows the account by stays: a service plan, an account sid, an e-mail address, a system_id. Raises
        NotFound if there is none that is good; InvalidField.
        """
        if not 0 <= grace_s <= LONGEST_GRACE_S:
            raise InvalidField("A grace is a year at most.", field="grace")
        record = await self._good(key_id)
        kind, now = self._by_kind[record.kind], now_ms()
        secret = kind.new_secret() or PREFIXES.get(kind.kind, "") + new_secret()
        public_id = public_part(secret) if kind.kind in PREFIXES else record.public_id
        good_until = now + grace_s * 1_000
        rotated = await audited(
            self._store,
            Act(
                action=Action.KEY_ROTATED,
                object_id=key_id,
                account_id=record.account_id,
                after={**_facts(record), "former_secret_until": instant_fact(good_until) if grace_s else None},
            ),
            rotate_credential,
            key_id,
            public_id=public_id,
            secret_hash=await self._accounts.hashed(kind.kind, secret),
            sealed=self._accounts.seal.close(secret) if kind.kept else None,
            good_until=good_until,
            now_ms=now,
        )
        self._accounts.access.forget()
        if not rotated:
            raise _not_good(key_id)
        account = await self._accounts.named(record.account_name)
        return MadeKey(key_id, account, kind.name, kind.parts(account, Key(public_id, secret)))

    async def revoke(self, key_id: str) -> KeyRecord:
        """End a key, and return what it was. It is worth nothing, in every process, within two seconds.

        Raises NotFound if there is none that was not revoked before.
        """
        record = await self.get(key_id)
        act = Act(action=Action.KEY_REVOKED, object_id=key_id, account_id=record.account_id, before=_facts(record))
        if not await audited(self._store, act, revoke_any_credential, key_id, now_ms()):
            raise _not_good(key_id)
        self._accounts.access.forget()
        return record

    async def require_no_administrator(self) -> None:
        """Check that nobody runs the installation: no key that is good, and no person. Raises Conflict."""
        by_key = await self._store.read(has_key_with, Scope.ADMIN.value, now_ms())
        if by_key or await self._store.read(has_administrator):
            raise Conflict(
                "This installation has an administrator already: an administrator's key makes others, and so does "
                f"`heliograph keys create --account {ADMINISTRATORS} --scopes {Scope.ADMIN}`."
            )

    async def make_administrator(self) -> MadeKey:
        """Make the key of the first administrator. Raises Conflict if there is one, a key or a person."""
        await self.require_no_administrator()
        account = await self._accounts.ensure(ADMINISTRATORS)
        native = next(kind for kind in self._by_protocol.values() if kind.kind is CredentialKind.API_KEY)
        return await self.create(account, native.name, scopes=[Scope.ADMIN])

    async def _good(self, key_id: str) -> KeyRecord:
        record = await self.get(key_id)
        if record.state is not KeyState.GOOD:
            raise _not_good(key_id)
        return record

    def _kind(self, protocol: str) -> KeyKind:
        kind = self._by_protocol.get(protocol)
        if kind is None:
            known = ", ".join(self._by_protocol)
            raise InvalidField(f"There is no protocol {protocol!r}; there are {known}.", field="protocol")
        return kind


def _not_good(key_id: str) -> NotFound:
    return NotFound(f"There is no key {key_id!r} that is good; `heliograph keys list` shows all.")


def _facts(key: KeyRecord) -> Facts:
    return key_facts(key.kind, key.public_id, key.scopes, key.networks, key.expires_at)


def require_open(account: Account) -> None:
    """Check that an account is open. Raises AccountClosed."""
    if account.closed_at is not None:
        raise AccountClosed(f"The account {account.name!r} was closed on {account.closed_at:%Y-%m-%d}.")


def _require_scopes(kind: KeyKind, scopes: Collection[str] | None) -> None:
    known = kind.scopes | kind.further_scopes
    if scopes is not None and not scopes:
        raise InvalidField("A key has one scope at least.", field="scopes")
    if strangers := sorted(set(scopes or ()) - known):
        raise InvalidField(
            f"There is no scope {strangers[0]!r}; there are {', '.join(sorted(known))} for keys of {kind.name}.",
            field="scopes",
        )


def _require_to_come(expires_at: datetime | None) -> None:
    if expires_at is not None and to_ms(expires_at) <= now_ms():
        raise InvalidField(
            f"The expiry {expires_at:%Y-%m-%dT%H:%M:%SZ} is over; name a time to come, such as "
            f"{from_ms(now_ms()) + timedelta(days=90):%Y-%m-%d}.",
            field="expires",
        )


def _networks(networks: Sequence[str]) -> list[str]:
    if len(networks) > MOST_NETWORKS:
        raise InvalidField(f"A key is good from {MOST_NETWORKS} networks at most.", field="networks")
    try:
        return [str(ip_network(network)) for network in networks]
    except ValueError as error:
        raise InvalidField(f"A network is written as in 10.1.0.0/16: {error}.", field="networks") from error
