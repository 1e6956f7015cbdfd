"""Twilio as the platform serves it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from starlette.types import ASGIApp

from heliograph.domain.accounts import Account, CredentialKind
from heliograph.doors.settings import DoorSettings
from heliograph.engine.callbacks import CallbackShape
from heliograph.protocols.served import SandboxCredential, ServedProtocol
from heliograph.protocols.twilio import wire
from heliograph.protocols.twilio.callbacks import TwilioCallbacks
from heliograph.protocols.twilio.server import MessagesDoor, VerifyDoor
from heliograph.protocols.twilio.shapes import PROTOCOL
from heliograph.protocols.twilio.sids import VERIFY_SERVICE, account_sid, auth_token
from heliograph.services.accounts import Accounts
from heliograph.services.services import Services
from heliograph.store import Store

VERIFY_MOUNT = "/v2"


class Twilio(ServedProtocol):
    """At the root of the server, as it is at Twilio's own: clients can change a scheme and a host, and no more."""

    name: ClassVar[str] = PROTOCOL
    mount: ClassVar[str] = wire.API

    def door(self, services: Services, settings: DoorSettings) -> ASGIApp:
        return MessagesDoor(services, settings)

    def more_doors(self, services: Services, settings: DoorSettings) -> Mapping[str, ASGIApp]:
        return {VERIFY_MOUNT: VerifyDoor(services, settings)}

    def callbacks(self, store: Store, public_url: str) -> CallbackShape:
        return TwilioCallbacks(store)

    async def issue(self, accounts: Accounts, account: Account, saved: SandboxCredential | None) -> SandboxCredential:
        """The token follows from the account's own secret: it is the same whatever was saved."""
        issued = await accounts.issue(
            account, CredentialKind.TWILIO, public_id=account_sid(account), secret=auth_token(account)
        )
        return SandboxCredential(issued.public_id, issued.secret)

    async def furnish(self, services: Services, account: Account, credential: SandboxCredential) -> None:
        """An account and its token are all that Twilio's clients need."""

    def entry(self, base_url: str, credential: SandboxCredential, other: SandboxCredential) -> dict[str, object]:
        return {"base_url": base_url, **_of(credential), "other": _of(other)}


def _of(credential: SandboxCredential) -> dict[str, str]:
    return {
        "account_sid": credential.public_id,
        "auth_token": credential.secret,
        "verify_service_sid": VERIFY_SERVICE + credential.public_id[2:],
    }
