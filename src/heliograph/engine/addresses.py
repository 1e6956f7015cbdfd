"""Which addresses a callback may reach.

A customer's callback URL must not become a way into the operator's own network: only public addresses are called,
and those of networks that the operator has named. The check is made on the address that is about to be connected
to, after the name was looked up, so that a name cannot be pointed elsewhere in between.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
MAX_URL_LENGTH = 2_048


class AddressNotAllowed(OSError):
    """The URL leads to a network that callbacks may not reach."""


class AddressGuard:
    def __init__(self, allowed: Iterable[Network] = ()) -> None:
        """`allowed`: networks that may be called although they are not public."""
        self._allowed = tuple(allowed)

    def allows(self, address: Address) -> bool:
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        public = address.is_global and not address.is_multicast
        return public or any(address in network for network in self._allowed)

    def fault_in(self, url: str) -> str | None:
        """Why this URL may not be called, as far as can be told without looking its name up; None if it may."""
        if len(url) > MAX_URL_LENGTH:
            return f"it is longer than {MAX_URL_LENGTH} characters"
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            return "it is not a URL"
        if parts.scheme not in {"http", "https"} or not host:
            return "it is not an http or https URL"
        if parts.username or parts.password:
            return "it carries a user name or password"
        try:
            address = ip_address(host)
        except ValueError:
            if host == "localhost" or host.endswith(".localhost"):
                return None if self.allows(ip_address("127.0.0.1")) else "it leads to this machine"
            return None
        return None if self.allows(address) else f"{address} is not a public address"

    def resolver(self) -> AbstractResolver:
        return _GuardedResolver(self)


class _GuardedResolver(AbstractResolver):
    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._resolver = ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        found: Sequence[ResolveResult] = await self._resolver.resolve(host, port, family)
        allowed = [entry for entry in found if self._guard.allows(ip_address(entry["host"]))]
        if not allowed:
            raise AddressNotAllowed(f"{host} leads to an address that callbacks may not reach")
        return allowed

    async def close(self) -> None:
        await self._resolver.close()
