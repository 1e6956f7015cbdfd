"""iSendPro as the platform serves it."""

from __future__ import annotations

from collections.abc import Sequence
from secrets import token_hex
from typing import ClassVar

import msgspec
from starlette.types import ASGIApp

from heliograph.domain.accounts import Account, CredentialKind
from heliograph.doors.served import HttpProtocol
from heliograph.doors.settings import DoorSettings
from heliograph.engine.callbacks import CallbackShape
from heliograph.protocols.isendpro.door.callbacks import IsendproCallbacks
from heliograph.protocols.isendpro.door.operations import SCOPES
from heliograph.protocols.isendpro.door.sending import PROTOCOL
from heliograph.protocols.isendpro.door.server import IsendproDoor
from heliograph.services.accounts import Accounts
from heliograph.services.directory import Applications
from heliograph.services.events import EventSubjects
from heliograph.services.key_kinds import Key
from heliograph.services.services import Services


class Isendpro(HttpProtocol):
    name: ClassVar[str] = PROTOCOL
    kind: ClassVar[CredentialKind] = CredentialKind.ISENDPRO
    scopes: ClassVar[frozenset[str]] = frozenset(SCOPES)
    sandbox_networks: ClassVar[Sequence[str] | None] = ("127.0.0.0/8", "::1/128")
    mount: ClassVar[str] = "/isendpro/cgi-bin"

    def door(self, services: Services, settings: DoorSettings) -> ASGIApp:
        return IsendproDoor(services, settings)

    def callbacks(self, subjects: EventSubjects, accounts: Accounts, public_url: str) -> CallbackShape:
        return IsendproCallbacks(subjects)

    def new_secret(self) -> str:
        """Make a key of 32 hexadecimal digits, as the vendor's are."""
        return token_hex(16)

    def shown(self, key: Key) -> dict[str, str]:
        return {"keyid": key.secret}

    def entry(self, base_url: str) -> dict[str, str]:
        return {"host": base_url + self.mount}

    async def seed(self, accounts: Accounts, applications: Applications, account: Account, key: Key) -> None:
        """Let the sandbox account send at night and without an opt-out text: developers test in the evening, too."""
        terms = msgspec.structs.replace(account.terms, may_omit_stop=True, may_send_at_night=True)
        await accounts.change(account, terms=terms)
