"""What the platform needs to know of a protocol that it serves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import msgspec
from starlette.types import ASGIApp

from heliograph.domain.accounts import Account, CredentialKind
from heliograph.doors.settings import DoorSettings
from heliograph.engine.callbacks import CallbackShape
from heliograph.services.accounts import Accounts
from heliograph.services.services import Services
from heliograph.store import Store


class SandboxCredential(msgspec.Struct, frozen=True):
    """A credential of the sandbox, kept in clear in its data directory so that it is the same at every start."""

    public_id: str
    secret: str


class ServedProtocol(ABC):
    """One line of the registry."""

    name: ClassVar[str]
    mount: ClassVar[str]
    """Where its door is, from the root of the server."""

    @abstractmethod
    def door(self, services: Services, settings: DoorSettings) -> ASGIApp: ...

    def more_doors(self, services: Services, settings: DoorSettings) -> Mapping[str, ASGIApp]:
        """Other places where it has doors, from the root of the server."""
        return {}

    @abstractmethod
    def callbacks(self, store: Store, public_url: str) -> CallbackShape | None:
        """None: this protocol calls nobody back. `public_url` is how recipients of messages reach this server; empty if
        nobody has said."""

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
