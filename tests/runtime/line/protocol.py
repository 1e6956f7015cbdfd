"""The line protocol as it stands in the registry."""

from __future__ import annotations

from socket import socket
from typing import ClassVar

from heliograph.domain.accounts import CredentialKind
from heliograph.doors.served import ConnectedProtocol
from heliograph.doors.servers import Server
from heliograph.doors.settings import ConnectedSettings
from heliograph.services.key_kinds import Key
from heliograph.services.services import Services

from .server import KIND, PROTOCOL, LineServer


class Line(ConnectedProtocol):
    name: ClassVar[str] = PROTOCOL
    kind: ClassVar[CredentialKind] = KIND

    def server(self, services: Services, listener: socket, settings: ConnectedSettings) -> Server:
        return LineServer(services, listener)

    def shown(self, key: Key) -> dict[str, str]:
        return {"key": key.secret}

    def entry(self, base_url: str) -> dict[str, str]:
        return {"address": base_url}
