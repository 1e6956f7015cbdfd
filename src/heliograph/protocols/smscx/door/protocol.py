"""SMS.CX as the platform serves it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import ClassVar

from starlette.types import ASGIApp

from heliograph.domain.accounts import Account, CredentialKind
from heliograph.domain.callbacks import Listener
from heliograph.domain.errors import NotFound
from heliograph.doors.served import HttpProtocol
from heliograph.doors.settings import DoorSettings
from heliograph.engine.callbacks import CallbackShape
from heliograph.protocols.smscx.door.applications import SCOPES
from heliograph.protocols.smscx.door.callbacks import SmscxCallbacks
from heliograph.protocols.smscx.door.listeners import listeners
from heliograph.protocols.smscx.door.resource import PROTOCOL
from heliograph.protocols.smscx.door.server import SmscxDoor
from heliograph.services.accounts import Accounts
from heliograph.services.directory import Applications
from heliograph.services.events import EventSubjects
from heliograph.services.key_kinds import Key
from heliograph.services.services import Services


class Smscx(HttpProtocol):
    name: ClassVar[str] = PROTOCOL
    kind: ClassVar[CredentialKind] = CredentialKind.SMSCX
    scopes: ClassVar[frozenset[str]] = frozenset(SCOPES)
    mount: ClassVar[str] = "/smscx"

    def door(self, services: Services, settings: DoorSettings) -> ASGIApp:
        return SmscxDoor(services, settings)

    def listeners(self, settings: Mapping[str, object]) -> Mapping[str, Listener]:
        return listeners(settings)

    def callbacks(self, subjects: EventSubjects, accounts: Accounts, public_url: str) -> CallbackShape:
        return SmscxCallbacks(subjects, public_url)

    def shown(self, key: Key) -> dict[str, str]:
        return {"api_key": key.secret}

    def entry(self, base_url: str) -> dict[str, str]:
        return {"host": base_url + self.mount}

    async def seed(self, accounts: Accounts, applications: Applications, account: Account, key: Key) -> None:
        application_id, secret = _application(key)
        await applications.put(account, "Sandbox", SCOPES, application_id=application_id, secret=secret)

    async def withdraw(self, accounts: Accounts, applications: Applications, account: Account, key: Key) -> None:
        application_id, _ = _application(key)
        with suppress(NotFound):
            await applications.delete(account, application_id)

    def seeded(self, key: Key) -> dict[str, str]:
        application_id, secret = _application(key)
        return {"application_id": application_id, "application_secret": secret}


def _application(key: Key) -> tuple[str, str]:
    """Derive the id and the secret of the sandbox's application from the key: the same at every start."""
    application_id, secret = (
        hashlib.sha256(f"{what}:{key.secret}".encode()).hexdigest()[:32] for what in ("application", "secret")
    )
    return application_id, secret
