"""XMS as the platform serves it."""

from __future__ import annotations

from typing import ClassVar

from starlette.types import ASGIApp

from heliograph.domain.accounts import Account, CredentialKind
from heliograph.doors.settings import DoorSettings
from heliograph.engine.callbacks import CallbackShape
from heliograph.protocols.served import SandboxCredential, ServedProtocol, issue_again
from heliograph.protocols.xms.callbacks import XmsCallbacks
from heliograph.protocols.xms.server import XmsDoor
from heliograph.services.accounts import Accounts
from heliograph.services.services import Services
from heliograph.store import Store


class Xms(ServedProtocol):
    name: ClassVar[str] = "xms"
    mount: ClassVar[str] = "/xms"

    def door(self, services: Services, settings: DoorSettings) -> ASGIApp:
        return XmsDoor(services, max_body_bytes=settings.max_body_bytes)

    def callbacks(self, store: Store, public_url: str) -> CallbackShape:
        return XmsCallbacks(store)

    async def issue(self, accounts: Accounts, account: Account, saved: SandboxCredential | None) -> SandboxCredential:
        return await issue_again(accounts, account, CredentialKind.XMS, saved)

    async def furnish(self, services: Services, account: Account, credential: SandboxCredential) -> None:
        """A service plan is all that XMS knows."""

    def entry(self, base_url: str, credential: SandboxCredential, other: SandboxCredential) -> dict[str, object]:
        return {
            "endpoint": base_url + self.mount,
            "service_plan_id": credential.public_id,
            "token": credential.secret,
            "other": {"service_plan_id": other.public_id, "token": other.secret},
        }
