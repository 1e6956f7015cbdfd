"""Accounts and their credentials."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from ipaddress import ip_network
from typing import Any, NamedTuple

import msgspec

from heliograph.domain.accounts import (
    ALL_SCOPES,
    PASSWORDS,
    PREFIXES,
    TOKENS,
    Account,
    CredentialKind,
    Principal,
    hash_password,
    hash_secret,
    new_secret,
)
from heliograph.domain.audit import Act, Action, differences
from heliograph.domain.errors import InvalidField, NameTaken, NotFound
from heliograph.domain.ids import new_id
from heliograph.domain.instants import from_ms, maybe_instant, now_ms
from heliograph.domain.seals import Seal
from heliograph.services.access import Access
from heliograph.services.agreements import add
from heliograph.services.audit import audited
from heliograph.services.audit_facts import account_facts, key_facts
from heliograph.store import Store
from heliograph.store.accounts import (
    account_by_id,
    account_by_name,
    all_accounts,
    change_account,
    forget_expired,
    public_ids,
    put_credential,
    revoke_credential,
    revoke_credentials,
    sealed_secret,
)
from heliograph.store.keys import NewCredential, add_credential
from heliograph.store.tx import Tx

LONGEST_NAME = 64
API_KEY_PUBLIC_LENGTH = 11


class Issued(msgspec.Struct, frozen=True):
    """A fresh credential. The secret is nowhere else: the store has only its hash."""

    credential_id: str
    public_id: str
    secret: str


class NewKey(NamedTuple):
    """A key that is to be made."""

    kind: CredentialKind
    names: Iterable[str]
    """What it could be known by, the first that is nobody's; none: by the beginning of its secret."""
    secret: str | None
    scopes: Iterable[str]
    networks: Sequence[str] | None
    """As CIDR, checked; None: it is good from everywhere."""
    expires_at: int | None
    """Milliseconds since 1970."""
    kept: bool
    listens: str | None


class Accounts:
    def __init__(self, store: Store, access: Access, seal: Seal) -> None:
        self._store = store
        self.access = access
        self.seal = seal

    async def ensure(self, name: str) -> Account:
        """Find the account of that name, or make it. Safe to be called by several processes at once."""
        return await self.find(name) or await self.create(name) or await self.ensure(name)

    async def create(self, name: str, parent: Account | None = None) -> Account | None:
        """Make an account, below `parent` if there is one; None if the name is taken.

        Raises InvalidField if it is too long or not printable.
        """
        if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
            raise InvalidField(f"The name of an account has 1 to {LONGEST_NAME} printable characters.", field="name")
        made = Account(
            id=new_id(),
            name=name,
            created_at=from_ms(now_ms()),
            callback_secret=new_secret(),
            optout_page=secrets.token_hex(5),
            parent_id=None if parent is None else parent.id,
        )
        return await add(self._store, made)

    async def named(self, name: str) -> Account:
        """Find the account of that name, or of that identifier. Raises NotFound.

        Spans accounts: for whoever runs the installation.
        """
        found = await self.find(name) or await self._store.read(account_by_id, name)
        if found is None:
            raise NotFound(f"There is no account named {name!r}; `heliograph accounts list` shows all.")
        return found

    async def find(self, name: str) -> Account | None:
        """Find the account of that name; None if there is none."""
        return await self._store.read(account_by_name, name)

    async def all(self) -> list[Account]:
        """List all accounts, oldest first. Spans accounts: for whoever runs the installation."""
        return await self._store.read(all_accounts)

    async def change(self, account: Account, **values: Any) -> None:
        """Set fields of an account by name. Raises NotFound if it is gone."""

        def act(before: Account) -> Sequence[Act]:
            return _change_of(before, values)

        await audited(self._store, act, _change, account.id, values)
        self.access.forget()

    async def issue(
        self,
        account: Account,
        kind: CredentialKind,
        *,
        public_id: str | None = None,
        secret: str | None = None,
        scopes: Iterable[str] = ALL_SCOPES,
        lifetime_s: int | None = None,
        application_id: str | None = None,
        networks: Sequence[str] | None = None,
        kept: bool = False,
        listens: str | None = None,
        login: Principal | None = None,
        again: bool = False,
    ) -> Issued:
        """Make a credential, or, with a `public_id` that exists, replace it.

        `again`: by the same secret, as the sandbox does at every start, so that nothing has changed.

        `networks` are where it is good from, as CIDR; none: nowhere, None: everywhere. `kept`: `kept_secret` can give
        the secret again, because the protocol signs with it. `listens`: the protocol whose connected clients, with this
        credential, are told of the account's inbound messages. `login`: whose password was exchanged for it, which is
        then good no longer than that.

        Keys and tokens are one string whose beginning is public; other kinds have an id and a secret of their own.
        Raises ValueError for what is not a network.
        """
        prefix = PREFIXES.get(kind)
        if prefix is not None:
            secret = secret or prefix + new_secret()
            public_id = public_part(secret)
        else:
            secret = secret or new_secret()
            public_id = public_id or new_id()
        credential_id, now = new_id(), now_ms()
        ends = [] if lifetime_s is None else [now + lifetime_s * 1000]
        if login is not None and login.expires_at is not None:
            ends.append(login.expires_at)
        expires_at, allowed = min(ends, default=None), sorted(scopes)
        within = None if networks is None else [str(ip_network(network)) for network in networks]

        def act(was_good: bool) -> Sequence[Act]:
            if kind in TOKENS or (again and was_good):
                return ()
            facts = key_facts(kind.value, public_id, allowed, within, maybe_instant(expires_at))
            made = Act(action=Action.KEY_CREATED, object_id=credential_id, account_id=account.id, after=facts)
            return (made,)

        await audited(
            self._store,
            act,
            put_credential,
            id=credential_id,
            account_id=account.id,
            kind=kind.value,
            public_id=public_id,
            secret_hash=await self.hashed(kind, secret),
            scopes=" ".join(allowed),
            created_at=now,
            expires_at=expires_at,
            application_id=application_id,
            networks=None if within is None else " ".join(within),
            sealed=self.seal.close(secret) if kept else None,
            listens=listens,
            login_id=None if login is None else login.credential_id,
        )
        self.access.forget()
        return Issued(credential_id, public_id, secret)

    async def add_key(self, account: Account, wanted: NewKey) -> Issued:
        """Make a key beside those that there are. Raises NameTaken if all its names are taken."""
        secret = wanted.secret or PREFIXES.get(wanted.kind, "") + new_secret()
        secret_hash = await self.hashed(wanted.kind, secret)
        names = [public_part(secret)] if wanted.kind in PREFIXES else wanted.names
        credential_id, now = new_id(), now_ms()
        for name in names:
            new = NewCredential(
                id=credential_id,
                account_id=account.id,
                kind=wanted.kind.value,
                public_id=name,
                secret_hash=secret_hash,
                scopes=" ".join(sorted(wanted.scopes)),
                created_at=now,
                expires_at=wanted.expires_at,
                networks=None if wanted.networks is None else " ".join(wanted.networks),
                sealed=self.seal.close(secret) if wanted.kept else None,
                listens=wanted.listens,
            )
            facts = key_facts(new.kind, name, wanted.scopes, wanted.networks, maybe_instant(wanted.expires_at))
            act = Act(action=Action.KEY_CREATED, object_id=credential_id, account_id=account.id, after=facts)
            if await audited(self._store, act, add_credential, new):
                return Issued(credential_id, name, secret)
        raise NameTaken("All names that such a key could have are taken.", field="account")

    async def hashed(self, kind: CredentialKind, secret: str) -> str:
        """Give what is stored of a secret."""
        return await asyncio.to_thread(hash_password, secret) if kind in PASSWORDS else hash_secret(secret)

    async def log_in(
        self,
        kind: CredentialKind,
        name: str,
        password: str,
        *,
        token: CredentialKind,
        lifetime_s: int,
        address: str,
    ) -> Issued:
        """Make a token of the kind `token` for who has this name and password, with the scopes and networks of these.

        Raises Unauthenticated, whatever of it is wrong; TooManyLogins; AddressNotAllowed.
        """
        caller = await self.access.log_in(kind, name, password, address=address)
        await self._store.write(forget_expired, caller.account.id, now_ms())
        return await self.issue(
            caller.account,
            token,
            scopes=caller.scopes,
            networks=caller.networks,
            lifetime_s=lifetime_s,
            login=caller,
        )

    async def names(self, account: Account, kind: CredentialKind) -> list[str]:
        """List the public ids of an account's credentials of one kind, in order."""
        return await self._store.read(public_ids, account.id, kind.value, now_ms())

    async def kept_secret(self, account: Account, kind: CredentialKind, public_id: str) -> str | None:
        """Return the secret of a credential that was `kept`; None if it was not, or is not good now.

        Raises WrongSealKey if it was sealed with a key that this process does not have.
        """
        sealed = await self._store.read(sealed_secret, account.id, kind.value, public_id, now_ms())
        return None if sealed is None else self.seal.open(sealed)

    async def revoke(self, account: Account, credential_id: str) -> None:
        """Revoke a credential. Raises NotFound if the account has no such credential."""
        act = _revocation(account, credential_id)
        if not await audited(self._store, act, revoke_credential, account.id, credential_id, now_ms()):
            raise NotFound()
        self.access.forget()

    async def revoke_kind(self, account: Account, kind: CredentialKind, public_id: str | None = None) -> None:
        """Revoke the account's credentials of one kind, or only the one of that name. Safe to repeat."""

        def acts(revoked: Sequence[str]) -> Sequence[Act]:
            return () if kind in TOKENS else [_revocation(account, each) for each in revoked]

        await audited(self._store, acts, revoke_credentials, account.id, kind.value, now_ms(), public_id)
        self.access.forget()


def _revocation(account: Account, credential_id: str) -> Act:
    return Act(action=Action.KEY_REVOKED, object_id=credential_id, account_id=account.id)


def _change(tx: Tx, account_id: str, values: dict[str, Any]) -> Account:
    before = account_by_id(tx, account_id, lock=True)
    if before is None:
        raise NotFound()
    change_account(tx, account_id, values)
    return before


def _change_of(before: Account, values: dict[str, Any]) -> Sequence[Act]:
    """Say what a change of some fields is, for the audit log; nothing, if they are as they were."""
    was, is_now = differences(account_facts(before), account_facts(msgspec.structs.replace(before, **values)))
    if "callback_secret" in values:
        action = Action.ACCOUNT_SECRET_ROTATED
    elif not is_now:
        return ()
    else:
        action = Action.ACCOUNT_TERMS_CHANGED if "terms" in values else Action.ACCOUNT_CHANGED
    return (Act(action=action, object_id=before.id, account_id=before.id, before=was, after=is_now),)


def public_part(api_key: str) -> str:
    """Return the beginning of an API key, by which it is found."""
    return api_key[:API_KEY_PUBLIC_LENGTH]
