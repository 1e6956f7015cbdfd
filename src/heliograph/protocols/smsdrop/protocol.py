"""smsdrop as the platform serves it."""

from __future__ import annotations

from typing import ClassVar

from starlette.routing import Mount, Router
from starlette.types import ASGIApp

from heliograph.domain.accounts import Account, CredentialKind
from heliograph.doors.settings import DoorSettings
from heliograph.protocols.served import SandboxCredential, ServedProtocol
from heliograph.protocols.smsdrop import wire
from heliograph.protocols.smsdrop.operations import SCOPES
from heliograph.protocols.smsdrop.server import PROTOCOL, SmsdropDoor
from heliograph.services.accounts import Accounts
from heliograph.services.services import Services
from heliograph.store import Store


class Smsdrop(ServedProtocol):
    name: ClassVar[str] = PROTOCOL
    mount: ClassVar[str] = "/smsdrop"

    def door(self, services: Services, settings: DoorSettings) -> ASGIApp:
        limit = settings.max_body_bytes
        return Router(
            [
                Mount(wire.PREFIX, SmsdropDoor(services, max_body_bytes=limit, dated=True)),
                Mount("/", SmsdropDoor(services, max_body_bytes=limit, dated=False)),
            ],
            redirect_slashes=False,
        )

    def callbacks(self, store: Store, public_url: str) -> None:
        """smsdrop calls nobody back."""

    async def issue(self, accounts: Accounts, account: Account, saved: SandboxCredential | None) -> SandboxCredential:
        issued = await accounts.issue(
            account,
            CredentialKind.SMSDROP,
            public_id=f"{account.name}@heliograph.example",
            secret=None if saved is None else saved.secret,
            scopes=SCOPES,
        )
        return SandboxCredential(issued.public_id, issued.secret)

    async def furnish(self, services: Services, account: Account, credential: SandboxCredential) -> None:
        """An e-mail address and a password are all that smsdrop knows."""

    def entry(self, base_url: str, credential: SandboxCredential, other: SandboxCredential) -> dict[str, object]:
        return {
            "context": base_url + self.mount,
            "email": credential.public_id,
            "password": credential.secret,
            "other": {"email": other.public_id, "password": other.secret},
        }
