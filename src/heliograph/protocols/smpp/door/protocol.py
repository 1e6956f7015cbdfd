"""SMPP as the platform serves it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from socket import socket
from typing import ClassVar
from urllib.parse import urlsplit

from heliograph.domain.accounts import Account, CredentialKind
from heliograph.doors.served import ConnectedProtocol
from heliograph.doors.servers import Server
from heliograph.doors.settings import ConnectedSettings
from heliograph.protocols.smpp.door.client import KIND
from heliograph.protocols.smpp.door.drafts import PROTOCOL
from heliograph.protocols.smpp.door.server import SmppServer
from heliograph.services.key_kinds import Key, ascii_name
from heliograph.services.services import Services

LONGEST_SYSTEM_ID, LONGEST_PASSWORD = 15, 8
"""Octets, without the NUL at the end (SMPP 3.4, sections 5.2.1 and 5.2.2)."""
_SIGNS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Those that nobody takes for others."""
_RANDOM_SIGNS = 6


class Smpp(ConnectedProtocol):
    name: ClassVar[str] = PROTOCOL
    kind: ClassVar[CredentialKind] = KIND

    def server(self, services: Services, listener: socket, settings: ConnectedSettings) -> Server:
        return SmppServer(services, listener, settings)

    def entry(self, base_url: str) -> dict[str, object]:
        place = urlsplit(base_url)
        return {"host": place.hostname, "port": place.port}

    def public_ids(self, account: Account) -> Iterable[str]:
        """Name keys by the beginning of the account's name, and random signs."""
        name = ascii_name(account.name)[: LONGEST_SYSTEM_ID - _RANDOM_SIGNS - 1].strip("-.")
        yield from (f"{name}-{_random(_RANDOM_SIGNS).lower()}" for _ in range(3))

    def new_secret(self) -> str:
        return _random(LONGEST_PASSWORD)

    def shown(self, key: Key) -> dict[str, str]:
        return {"system_id": key.public_id, "password": key.secret}


def _random(count: int) -> str:
    return "".join(secrets.choice(_SIGNS) for _ in range(count))
