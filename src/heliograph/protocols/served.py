"""What the platform needs to know of a protocol that it serves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import msgspec
from starlette.types import ASGIApp

from heliograph.domain.accounts import Account, CredentialKind
from heliograph.engine.callbacks import CallbackShape
from heliograph.services.accounts import Accounts
from heliograph.services.services import Services
from heliograph.store import Store


class SandboxCredential(msgspec.Struct, frozen=True):
    """A credential of the sandbox, kept in clear in its data directory so that it is the same at every start."""

    public_id: str
    secret: str


class DoorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator of the platform decides for doors."""

    max_body_bytes: int
    rate_limit: int
    """Requests a second that an account may make."""
    public_url: str
    """How others reach this server; empty: as the caller did."""


class ServedProtocol(ABC):
    """One line of the registry."""

    name: ClassVar[str]
    mount: ClassVar[str]
    """Where its door is, from the root of the server."""

    @abstractmethod
    def door(self, services: Services, settings: DoorSettings) -> ASGIApp: ...

    @abstractmethod
    def callbacks(self, store: Store) -> CallbackShape: ...

    @abstractmethod
    async def issue(self, accounts: Accounts, account: Account, saved: SandboxCredential | None) -> SandboxCredential:
        """A credential of this protocol for a sandbox account; the saved one again, if there is one."""

    @abstractmethod
    async def furnish(self, services: Services, account: Account, credential: SandboxCredential) -> None:
        """Whatever else a sandbox account needs to be of use by this protocol. Safe to repeat at every start."""

    @abstractmethod
    def entry(self, base_url: str, credential: SandboxCredential, other: SandboxCredential) -> dict[str, object]:
        """What the ready file says: how a client reaches this protocol as the first and as the second account."""


async def issue_again(
    accounts: Accounts, account: Account, kind: CredentialKind, saved: SandboxCredential | None
) -> SandboxCredential:
    """A credential of one kind, the saved one again if there is one."""
    issued = await accounts.issue(
        account,
        kind,
        public_id=None if saved is None else saved.public_id,
        secret=None if saved is None else saved.secret,
    )
    return SandboxCredential(issued.public_id, issued.secret)
