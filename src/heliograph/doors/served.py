"""The platform's side of a protocol that it serves: whether it has HTTP doors, or a server of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from socket import socket
from typing import ClassVar

from starlette.types import ASGIApp

from heliograph.domain.callbacks import Listener
from heliograph.doors.servers import Server
from heliograph.doors.settings import ConnectedSettings, DoorSettings
from heliograph.engine.callbacks import CallbackShape
from heliograph.services.accounts import Accounts
from heliograph.services.events import EventSubjects
from heliograph.services.key_kinds import KeyKind
from heliograph.services.services import Services


class ServedProtocol(KeyKind):
    """One line of the registry: an HttpProtocol, or a ConnectedProtocol."""

    @abstractmethod
    def entry(self, base_url: str) -> Mapping[str, object]:
        """Say where it is served, in the words of the protocol's clients: for the ready file.

        `base_url` is the first of its server's addresses.
        """


class HttpProtocol(ServedProtocol):
    """A protocol that is served by doors of the HTTP server; its customers are called back."""

    mount: ClassVar[str]
    """The path of its door, from the root of the server."""

    @abstractmethod
    def door(self, services: Services, settings: DoorSettings) -> ASGIApp: ...

    def more_doors(self, services: Services, settings: DoorSettings) -> Mapping[str, ASGIApp]:
        """Make its doors at other paths, each from the root of the server."""
        return {}

    def listeners(self, settings: Mapping[str, object]) -> Mapping[str, Listener]:
        """Read where an application with these settings is told, by `callback_key`; most protocols have none."""
        return {}

    @abstractmethod
    def callbacks(self, subjects: EventSubjects, accounts: Accounts, public_url: str) -> CallbackShape | None:
        """Make the shape of its callbacks; None if this protocol calls nobody back.

        `public_url` is how recipients of messages reach this server; empty if nobody has said.
        """


class ConnectedProtocol(ServedProtocol):
    """A protocol with a server of its own; its clients stay connected, and are told over their connection."""

    listens: ClassVar[bool] = True

    @abstractmethod
    def server(self, services: Services, listener: socket, settings: ConnectedSettings) -> Server:
        """Make the server that accepts clients at `listener`, which is bound and listens.

        To close it is the server's task once it has started.
        """
