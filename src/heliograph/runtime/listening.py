"""The places at which a process listens, taken before anything else, so that what is in the way is told at once."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from heliograph.doors.servers import UNIX, Place, listen
from heliograph.protocols.registry import CONNECTED_PROTOCOLS
from heliograph.runtime.connections import LOCAL
from heliograph.runtime.processes import Role
from heliograph.runtime.settings import Settings


class Listeners(NamedTuple):
    """Sockets at which somebody listens. Processes that one command starts share all of them but the monitors."""

    monitors: Sequence[socket.socket]
    """One for each process, at ports that follow each other; empty where nobody watches."""
    http: socket.socket | None
    """None where nobody is served."""
    connected: Mapping[str, socket.socket]
    """The sockets of protocols that have servers of their own, as far as they are served."""

    def of_process(self, place: int) -> Listeners:
        """Return those of one process, and close the monitors of the others in it."""
        mine = self.monitors[place : place + 1]
        for each in self.monitors:
            if each not in mine:
                each.close()
        return self._replace(monitors=mine)

    def close(self) -> None:
        """Listen no more in this process. Safe to repeat."""
        for each in (*self.monitors, *([] if self.http is None else [self.http]), *self.connected.values()):
            each.close()


@contextmanager
def listening(settings: Settings, role: Role) -> Iterator[Listeners]:
    """Take the places of the settings; let go of them in the end. Raises SetupError for one that can't be had."""
    with ExitStack() as stack:
        monitors = []
        if settings.monitor is not None:
            host, port = settings.monitor
            by = "in the setting monitor"
            for place in range(settings.processes):
                at = Place(host, port + place if port else 0)
                monitors.append(stack.enter_context(listen(at, host_by=by, port_by=by)))
        if not role.serves:
            yield Listeners(monitors, None, {})
            return
        place_of_http = Place(settings.host, settings.port)
        by_port = "with --port, or any free one with --port 0"
        http = stack.enter_context(listen(place_of_http, host_by="with --host", port_by=by_port))
        if settings.host.startswith(UNIX):
            stack.callback(Path(settings.host.removeprefix(UNIX)).unlink, missing_ok=True)
        connected = {}
        for name, at in _places(settings).items():
            by = "in the setting " + ("smpp_port" if name not in settings.listen else f"listen.{name}")
            connected[name] = stack.enter_context(listen(at, host_by=by, port_by=by))
        yield Listeners(monitors, http, connected)


def _places(settings: Settings) -> dict[str, Place]:
    """Return where each protocol with a server of its own is served. The sandbox serves all, at any free port."""
    host = LOCAL if settings.host.startswith(UNIX) else settings.host
    anywhere = {protocol.name: Place(host, 0) for protocol in CONNECTED_PROTOCOLS} if settings.has_sandbox else {}
    return anywhere | settings.places
