"""XMS as the platform serves it."""

from __future__ import annotations

from collections.abc import Iterable
from secrets import token_hex
from typing import ClassVar

from starlette.types import ASGIApp

from heliograph.domain.accounts import Account, CredentialKind
from heliograph.doors.served import HttpProtocol
from heliograph.doors.settings import DoorSettings
from heliograph.engine.callbacks import CallbackShape
from heliograph.protocols.xms.door.callbacks import XmsCallbacks
from heliograph.protocols.xms.door.server import XmsDoor
from heliograph.services.accounts import Accounts
from heliograph.services.events import EventSubjects
from heliograph.services.key_kinds import Key
from heliograph.services.services import Services


class Xms(HttpProtocol):
    name: ClassVar[str] = "xms"
    kind: ClassVar[CredentialKind] = CredentialKind.XMS
    mount: ClassVar[str] = "/xms"

    def door(self, services: Services, settings: DoorSettings) -> ASGIApp:
        return XmsDoor(services, max_body_bytes=settings.max_body_bytes)

    def callbacks(self, subjects: EventSubjects, accounts: Accounts, public_url: str) -> CallbackShape:
        return XmsCallbacks(subjects)

    def public_ids(self, account: Account) -> Iterable[str]:
        """Name a service plan by 32 hexadecimal digits, as at Sinch."""
        yield token_hex(16)

    def new_secret(self) -> str:
        return token_hex(16)

    def shown(self, key: Key) -> dict[str, str]:
        return {"service_plan_id": key.public_id, "token": key.secret}

    def entry(self, base_url: str) -> dict[str, str]:
        return {"endpoint": base_url + self.mount}
