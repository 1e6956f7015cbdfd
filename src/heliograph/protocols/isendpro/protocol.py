"""iSendPro as the platform serves it."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from starlette.types import ASGIApp

from heliograph.domain.accounts import Account, CredentialKind
from heliograph.doors.settings import DoorSettings
from heliograph.engine.callbacks import CallbackShape
from heliograph.protocols.isendpro.callbacks import IsendproCallbacks
from heliograph.protocols.isendpro.operations import SCOPES
from heliograph.protocols.isendpro.sending import PROTOCOL
from heliograph.protocols.isendpro.server import IsendproDoor
from heliograph.protocols.served import SandboxCredential, ServedProtocol
from heliograph.services.accounts import Accounts
from heliograph.services.services import Services
from heliograph.store import Store

HERE = ("127.0.0.0/8", "::1/128")
"""Where the sandbox's keys are good from."""


class Isendpro(ServedProtocol):
    name: ClassVar[str] = PROTOCOL
    mount: ClassVar[str] = "/isendpro/cgi-bin"

    def door(self, services: Services, settings: DoorSettings) -> ASGIApp:
        return IsendproDoor(services, settings)

    def callbacks(self, store: Store, public_url: str) -> CallbackShape:
        return IsendproCallbacks(store)

    async def issue(self, accounts: Accounts, account: Account, saved: SandboxCredential | None) -> SandboxCredential:
        issued = await accounts.issue(
            account,
            CredentialKind.ISENDPRO,
            secret=None if saved is None else saved.secret,
            scopes=SCOPES,
            networks=HERE,
        )
        return SandboxCredential(issued.public_id, issued.secret)

    async def furnish(self, services: Services, account: Account, credential: SandboxCredential) -> None:
        """What a developer sends in the evening is not held until the morning."""
        terms = msgspec.structs.replace(account.terms, may_omit_stop=True, may_send_at_night=True)
        await services.accounts.change(account, terms=terms)

    def entry(self, base_url: str, credential: SandboxCredential, other: SandboxCredential) -> dict[str, object]:
        return {"host": base_url + self.mount, "keyid": credential.secret, "other": {"keyid": other.secret}}
