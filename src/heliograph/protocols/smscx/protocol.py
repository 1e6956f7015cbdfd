"""SMS.CX as the platform serves it."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from starlette.types import ASGIApp

from heliograph.domain.accounts import Account, CredentialKind
from heliograph.doors.settings import DoorSettings
from heliograph.engine.callbacks import CallbackShape
from heliograph.protocols.served import SandboxCredential, ServedProtocol
from heliograph.protocols.smscx.callbacks import SmscxCallbacks
from heliograph.protocols.smscx.operations import SCOPES
from heliograph.protocols.smscx.sending import PROTOCOL
from heliograph.protocols.smscx.server import SmscxDoor
from heliograph.services.accounts import Accounts
from heliograph.services.services import Services
from heliograph.store import Store


class Smscx(ServedProtocol):
    name: ClassVar[str] = PROTOCOL
    mount: ClassVar[str] = "/smscx"

    def door(self, services: Services, settings: DoorSettings) -> ASGIApp:
        return SmscxDoor(services, settings)

    def callbacks(self, store: Store, public_url: str) -> CallbackShape:
        return SmscxCallbacks(store, public_url)

    async def issue(self, accounts: Accounts, account: Account, saved: SandboxCredential | None) -> SandboxCredential:
        secret = None if saved is None else saved.secret
        issued = await accounts.issue(account, CredentialKind.SMSCX, secret=secret, scopes=SCOPES)
        return SandboxCredential(issued.public_id, issued.secret)

    async def furnish(self, services: Services, account: Account, credential: SandboxCredential) -> None:
        application_id, secret = _application(credential)
        await services.applications.put(account, "Sandbox", SCOPES, application_id=application_id, secret=secret)

    def entry(self, base_url: str, credential: SandboxCredential, other: SandboxCredential) -> dict[str, object]:
        return {"host": base_url + self.mount, **_keys(credential), "other": _keys(other)}


def _keys(credential: SandboxCredential) -> dict[str, object]:
    application_id, secret = _application(credential)
    return {"api_key": credential.secret, "application_id": application_id, "application_secret": secret}


def _application(credential: SandboxCredential) -> tuple[str, str]:
    """The sandbox's application, the same at every start: its id and secret follow from the key."""
    application_id, secret = (
        hashlib.sha256(f"{what}:{credential.secret}".encode()).hexdigest()[:32] for what in ("application", "secret")
    )
    return application_id, secret
