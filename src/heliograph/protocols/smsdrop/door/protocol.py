"""smsdrop as the platform serves it."""

from __future__ import annotations

from collections.abc import Iterable
from secrets import token_hex
from typing import ClassVar

from starlette.routing import Mount, Router
from starlette.types import ASGIApp

from heliograph.domain.accounts import Account, CredentialKind
from heliograph.doors.served import HttpProtocol
from heliograph.doors.settings import DoorSettings
from heliograph.protocols.smsdrop import wire
from heliograph.protocols.smsdrop.door.operations import SCOPES
from heliograph.protocols.smsdrop.door.server import SmsdropDoor
from heliograph.protocols.smsdrop.door.shapes import PROTOCOL
from heliograph.services.accounts import Accounts
from heliograph.services.directory import Applications
from heliograph.services.events import EventSubjects
from heliograph.services.key_kinds import Key, ascii_name
from heliograph.services.services import Services

_DOMAIN = "heliograph.example"


class Smsdrop(HttpProtocol):
    name: ClassVar[str] = PROTOCOL
    kind: ClassVar[CredentialKind] = CredentialKind.SMSDROP
    scopes: ClassVar[frozenset[str]] = frozenset(SCOPES)
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

    def callbacks(self, subjects: EventSubjects, accounts: Accounts, public_url: str) -> None:
        """Return None: smsdrop calls nobody back."""

    def public_id(self, account: Account) -> str:
        return f"{ascii_name(account.name)}@{_DOMAIN}"

    def public_ids(self, account: Account) -> Iterable[str]:
        """Name further keys by e-mail addresses that end in random digits."""
        yield from (f"{ascii_name(account.name)}.{token_hex(4)}@{_DOMAIN}" for _ in range(3))

    def shown(self, key: Key) -> dict[str, str]:
        return {"email": key.public_id, "password": key.secret}

    async def withdraw(self, accounts: Accounts, applications: Applications, account: Account, key: Key) -> None:
        """Revoke the tokens that the withdrawn password was exchanged for."""
        await accounts.revoke_kind(account, CredentialKind.SMSDROP_TOKEN)

    def entry(self, base_url: str) -> dict[str, str]:
        return {"context": base_url + self.mount}
