"""Every operation of every door that is served, also of those that are added later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from unittest.mock import MagicMock

from starlette.routing import Mount, Router
from starlette.types import ASGIApp

from heliograph.api.server import NativeDoor
from heliograph.doors import Door, Operation
from heliograph.doors.settings import DoorSettings
from heliograph.protocols.registry import HTTP_PROTOCOLS
from heliograph.runtime.web import API_MOUNT
from heliograph.sandbox.phones import Phones


class Served(NamedTuple):
    """An operation where it is."""

    mount: str
    operation: Operation

    @property
    def path(self) -> str:
        return self.mount + self.operation.path

    def __str__(self) -> str:
        return f"{self.mount} {self.operation.name}"


def doors() -> Iterator[tuple[str, Door]]:
    """Each with its place; none can serve, for want of services."""
    services, settings = MagicMock(), MagicMock(spec=DoorSettings, max_body_bytes=1)
    yield API_MOUNT, NativeDoor(services, settings, MagicMock(spec=Phones))
    for protocol in HTTP_PROTOCOLS:
        yield from _within(protocol.mount, protocol.door(services, settings))
        for mount, door in protocol.more_doors(services, settings).items():
            yield from _within(mount, door)


def _within(mount: str, application: ASGIApp) -> Iterator[tuple[str, Door]]:
    if isinstance(application, Router):  # of a protocol that has several dialects
        for route in application.routes:
            assert isinstance(route, Mount)
            yield from _within(mount + route.path, route.app)
    else:
        assert isinstance(application, Door)
        yield mount, application


EVERY = [Served(mount, operation) for mount, door in doors() for operation in door.operations]
