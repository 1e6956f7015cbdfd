"""Servers: what the process needs of one, whatever it speaks: HTTP, or a protocol that keeps connections."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from heliograph.domain.errors import SetupError
from heliograph.domain.figures import Figure

DRAIN_S = 5
"""How long a server that stops waits for what its clients have asked, in seconds."""
BACKLOG = 2048


class Server(ABC):
    """What answers clients at one place or several. A process runs a list of them, all beside the same engine.

    What it can push to its clients: it joins each that stays connected to `Services.sessions`, and is then handed what
    that client is to be told. Clients of a server without such connections are called back at their URLs.
    """

    name: str
    """One of `http` and the names of protocols."""
    addresses: Sequence[str]
    """URLs at which clients reach it, the usual one first; known before it starts."""

    def figures(self) -> Iterable[Figure]:
        """Tell those who watch how it does, now; called whenever somebody looks."""
        return ()

    @abstractmethod
    async def start(self) -> None:
        """Accept clients from now on. Raises SetupError if that can't be."""

    @abstractmethod
    async def stop(self) -> None:
        """Accept nobody more, answer what has been asked, at most for DRAIN_S, and close.

        Called once, after `start`. What clients sent and were not told to be accepted is not accepted.
        """

    @abstractmethod
    def stop_at_once(self) -> None:
        """Wait for nobody: let `stop`, which has been called, return."""


UNIX = "unix:"


class Place(NamedTuple):
    """An address to listen at."""

    host: str
    """A name or an address; or `unix:` with a path, which has no port."""
    port: int
    """A port; 0: any free one."""


def listen(place: Place, *, host_by: str, port_by: str) -> socket.socket:
    """Take a place. Raises SetupError if it can't be had: another host is chosen by `host_by`, a port by `port_by`."""
    host, port = place
    if host.startswith(UNIX):
        return _listen_at(Path(host.removeprefix(UNIX)), host_by)
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise SetupError(f"The address {host} is not known ({error.strerror}); choose another {host_by}.") from error
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        told = f"Port {port} of {host} cannot be used ({error.strerror}); choose another {port_by}."
        raise SetupError(told) from error
    listener.setblocking(False)
    return listener


def _listen_at(path: Path, host_by: str) -> socket.socket:
    """Listen at a Unix socket, in the place of one that nobody listens at. Its group may connect: a proxy's."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket() and not _is_listened_at(path):
            path.unlink()
        listener.bind(str(path))
        path.chmod(0o660)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        told = f"The socket {path} cannot be used ({error.strerror or error}); choose another {host_by}."
        raise SetupError(told) from error
    listener.setblocking(False)
    return listener


def _is_listened_at(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        try:
            caller.connect(str(path))
        except OSError:
            return False
        return True


def url_of(scheme: str, listener: socket.socket) -> str:
    """Write where somebody listens, as clients on this machine reach it."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - shown as an address that works on this machine
        host = "127.0.0.1"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
