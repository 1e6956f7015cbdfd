"""Kinds of keys: how an account's keys for each protocol are made and shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import ClassVar

import msgspec

from heliograph.domain.accounts import ALL_SCOPES, Account, CredentialKind, Scope
from heliograph.services.accounts import Accounts
from heliograph.services.services import Services


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
    kept: ClassVar[bool] = False
    """True if the server must know the secret itself, because the protocol signs with it."""
    listens: ClassVar[bool] = False
    """True if clients stay connected with such a key, and are told of their account's inbound messages so."""
    sandbox_networks: ClassVar[Sequence[str] | None] = None
    """Networks that the sandbox's own keys are good from, as CIDR; None: everywhere."""

    def public_id(self, account: Account) -> str | None:
        """Name the key as the vendor does; None: by the beginning of its secret, or by an identifier of its own."""
        return None

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
        issued = await accounts.issue(
            account,
            self.kind,
            public_id=self.public_id(account) or (None if again is None else again.public_id),
            secret=self.new_secret() if again is None else again.secret,
            scopes=allowed,
            networks=networks,
            lifetime_s=lifetime_s,
            kept=self.kept,
            listens=self.name if self.listens and Scope.INBOUND_READ in allowed else None,
        )
        return issued.credential_id, Key(issued.public_id, issued.secret)

    @abstractmethod
    def shown(self, key: Key) -> dict[str, str]:
        """Name the parts of a key as the protocol's clients do."""

    def seeded(self, key: Key) -> dict[str, str]:
        """Name what else the sandbox's accounts have, in the words of the protocol's clients."""
        return {}

    async def seed(self, services: Services, account: Account, key: Key) -> None:  # noqa: B027 - most need no more
        """Give a sandbox account whatever else this protocol needs to be of use. Safe to repeat at every start."""

    async def withdraw(self, services: Services, account: Account, key: Key) -> None:  # noqa: B027 - most need no more
        """Take away what `seed` gave that could let somebody in. Safe to repeat."""
