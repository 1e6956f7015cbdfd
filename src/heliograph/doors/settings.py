"""The decisions about doors that the operator of the platform makes."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from ssl import SSLContext
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request

from heliograph.domain.accounts import Account
from heliograph.sandbox.chaos import Chaos


class DoorSettings(msgspec.Struct, frozen=True, kw_only=True):
    max_body_bytes: int
    public_url: str
    """The address at which others reach this server; empty: where it listens."""
    link_url: str
    """The beginning of short addresses; empty: this server's address and `short`."""
    short: str
    """The path of short addresses, from the root of the server."""
    files: str
    """The path of files, from the root of the server."""

    def base_url(self, request: Request) -> str:
        """Return the address of this server as recipients of messages reach it: what is set, or else where it listens.

        A caller decides only by which name of this machine it is called: another `Host` would lead the recipients of
        texts to where the caller likes.
        """
        if self.public_url:
            return self.public_url
        named = _named(request)
        return f"{request.url.scheme}://{_listening(request) if named is None else named}"

    def short_url(self, request: Request) -> str:
        """Return what comes before the slash and the identifier of a short address."""
        return self.link_url or self.base_url(request) + self.short


class ConnectedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The same about a server whose clients stay connected."""

    tls: SSLContext | None = None
    """None: in clear."""
    connections: int = 1_000
    """The most connections, those of whom nobody knows yet who they are among them."""
    connections_per_key: int = 10
    """The most that may be there with one key."""
    window: int = 10
    """The most events that a client is told before it has acknowledged one."""
    alphabet: str = "gsm"
    """What texts are in, where a protocol leaves it to the two sides."""
    chaos: Callable[[Account], Chaos | None] = lambda _account: None
    """How the network misbehaves now to an account of the sandbox's; None for any other, to which it never does."""


def _named(request: Request) -> str | None:
    """Return the host and port of the `Host` header, if it names this machine."""
    try:
        parts = urlsplit(f"//{request.headers.get('host', '')}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    return _joined(host, port) if is_this_machine(host) else None


def is_this_machine(host: str) -> bool:
    """Say whether a name or an address leads nowhere else, wherever it is looked up."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _listening(request: Request) -> str:
    host, port = request.scope.get("server") or ("localhost", None)
    return _joined(host, port)


def _joined(host: str, port: int | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"
