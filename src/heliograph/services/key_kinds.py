"""Kinds of keys: how an account's keys for each protocol are made and shown."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import ClassVar
from unicodedata import normalize

import msgspec

from heliograph.domain.accounts import ALL_SCOPES, Account, CredentialKind, Scope
from heliograph.services.accounts import Accounts, NewKey
from heliograph.services.directory import Applications

LONGEST_ASCII_NAME = 40
"""The most characters of a name that is made from an account's."""


class Key(msgspec.Struct, frozen=True):
    """A credential with its secret in clear: shown once, or kept in the sandbox's file."""

    public_id: str
    secret: str


class KeyKind(ABC):
    """The way in which an account's keys for one protocol are made and shown."""

    name: ClassVar[str]
    kind: ClassVar[CredentialKind]
    scopes: ClassVar[frozenset[str]] = ALL_SCOPES
    """The scopes of a key, if nobody says less."""
    further_scopes: ClassVar[frozenset[str]] = frozenset()
    """The scopes that a key has only if somebody says so."""
    kept: ClassVar[bool] = False
    """True if the server must know the secret itself, because the protocol signs with it."""
    listens: ClassVar[bool] = False
    """True if clients stay connected with such a key, and are told of their account's inbound messages so."""
    sandbox_networks: ClassVar[Sequence[str] | None] = None
    """Networks that the sandbox's own keys are good from, as CIDR; None: everywhere."""

    def public_id(self, account: Account) -> str | None:
        """Name the account's first key as the vendor does; None: like every other one."""
        return None

    def public_ids(self, account: Account) -> Iterable[str]:
        """Name further keys in the vendor's shape, until one is nobody's; none: by the beginning of the secret."""
        return ()

    def new_secret(self) -> str | None:
        """Make a secret in the vendor's shape; None: in ours."""
        return None

    async def issue(
        self,
        accounts: Accounts,
        account: Account,
        *,
        scopes: Collection[str] | None = None,
        networks: Sequence[str] | None = None,
        lifetime_s: int | None = None,
        again: Key | None = None,
    ) -> tuple[str, Key]:
        """Make a key, or store the one in `again` again; return its identifier and the key.

        Raises ValueError for what is not a network.
        """
        allowed = self.scopes if scopes is None else scopes
        known = next(iter(self.public_ids(account)), None) if again is None else again.public_id
        issued = await accounts.issue(
            account,
            self.kind,
            public_id=self.public_id(account) or known,
            secret=self.new_secret() if again is None else again.secret,
            scopes=allowed,
            networks=networks,
            lifetime_s=lifetime_s,
            kept=self.kept,
            listens=self._listens(allowed),
            again=again is not None,
        )
        return issued.credential_id, Key(issued.public_id, issued.secret)

    async def add(
        self,
        accounts: Accounts,
        account: Account,
        *,
        scopes: Collection[str] | None = None,
        networks: Sequence[str] | None = None,
        expires_at: int | None = None,
    ) -> tuple[str, Key]:
        """Make a key beside those that there are; return its identifier and the key.

        `expires_at` is in milliseconds since 1970. Raises NameTaken if no name for it is left.
        """
        allowed = self.scopes if scopes is None else scopes
        wanted = NewKey(
            kind=self.kind,
            names=(name for name in (self.public_id(account), *self.public_ids(account)) if name is not None),
            secret=self.new_secret(),
            scopes=allowed,
            networks=networks,
            expires_at=expires_at,
            kept=self.kept,
            listens=self._listens(allowed),
        )
        made = await accounts.add_key(account, wanted)
        return made.credential_id, Key(made.public_id, made.secret)

    def _listens(self, scopes: Collection[str]) -> str | None:
        return self.name if self.listens and Scope.INBOUND_READ in scopes else None

    def parts(self, account: Account, key: Key) -> Mapping[str, str]:
        """Name everything that a client needs to use the key, in the words of the protocol's clients."""
        return self.shown(key)

    @abstractmethod
    def shown(self, key: Key) -> dict[str, str]:
        """Name the parts of a key as the protocol's clients do."""

    def seeded(self, key: Key) -> dict[str, str]:
        """Name what else the sandbox's accounts have, in the words of the protocol's clients."""
        return {}

    async def seed(  # noqa: B027 - most need no more
        self, accounts: Accounts, applications: Applications, account: Account, key: Key
    ) -> None:
        """Give a sandbox account whatever else this protocol needs to be of use. Safe to repeat at every start."""

    async def withdraw(  # noqa: B027 - most need no more
        self, accounts: Accounts, applications: Applications, account: Account, key: Key
    ) -> None:
        """Take away what `seed` gave that could let somebody in. Safe to repeat."""


def ascii_name(name: str) -> str:
    """Write an account's name with letters, digits, dots and hyphens only, in lower case; `account` if it has none."""
    ascii_only = normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"\.{2,}|[^a-z0-9.]+", "-", ascii_only)[:LONGEST_ASCII_NAME].strip("-.") or "account"
