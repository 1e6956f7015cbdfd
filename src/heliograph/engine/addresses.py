"""Addresses that a callback may reach.

A customer's callback URL must not become a way into the operator's own network: only public addresses are called, and
those of networks that the operator has named. The check is made on the address that is about to be connected to, after
the name was looked up, so that a name cannot be pointed elsewhere in between.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from msgspec import UnsetType
from yarl import URL

from heliograph.domain.errors import InvalidCallbackUrl

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
EVERYWHERE: tuple[Network, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))
MAX_URL_LENGTH = 2_048
_LONGEST_NAME = 253
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
"""Matches a host name whose other characters have been written in ASCII (RFC 1123, and the underscore people use)."""
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_PORT = re.compile(r"0*[1-9][0-9]{0,4}")
"""Matches a port as RFC 3986 has it: `int` reads signs, blanks, underscores and the digits of other scripts, too."""
_NAT64 = ip_network("64:ff9b::/96")
_NOT_PUBLIC: tuple[Network, ...] = (
    ip_network("192.0.0.0/24"),  # for protocols (RFC 6890); a cloud's metadata are at 192.0.0.192
    ip_network("192.88.99.0/24"),  # relays of 6to4, which are no more (RFC 7526)
    ip_network("168.63.129.16/32"),  # a cloud's own, told to its machines only (Azure's WireServer)
    ip_network("64:ff9b:1::/48"),  # NAT64 of a network's own (RFC 8215): nobody knows what is behind it
    ip_network("2001::/23"),  # for protocols (RFC 2928), Teredo among them
    ip_network("3fff::/20"),  # for documentation (RFC 9637)
    ip_network("5f00::/16"),  # within one network (RFC 9602)
)
"""Networks that are not public, whichever version of Python is asked: its own list is as old as it is."""


class AddressNotAllowed(OSError):
    """A host name leads to a network that callbacks may not reach."""


class AddressGuard:
    def __init__(self, allowed: Iterable[Network] = ()) -> None:
        """Allow public addresses, and those in the `allowed` networks although they are not public."""
        self._allowed = tuple(allowed)
        self._faults = lru_cache(maxsize=1_000)(self._fault_in)

    def allows(self, address: Address) -> bool:
        """Say whether an address may be connected to."""
        address = _behind(address)
        public = address.is_global and not (address.is_multicast or address.is_reserved)
        if isinstance(address, IPv6Address) and address.is_site_local:
            public = False
        public = public and not any(address in network for network in _NOT_PUBLIC)
        return public or any(address in network for network in self._allowed)

    def require(self, url: str | UnsetType | None, *, credentials: bool = False) -> None:
        """Check a callback URL; None or an absent one is fine. Raises InvalidCallbackUrl if it may not be called.

        `credentials`: it may carry a user name and a password.
        """
        if isinstance(url, str) and (fault := self.fault_in(url, credentials=credentials)) is not None:
            raise InvalidCallbackUrl(f"The callback URL may not be called: {fault}.", field="callback_url")

    def fault_in(self, url: str, *, credentials: bool = False) -> str | None:
        """Say why this URL may not be called, as far as can be told without looking its name up; None if it may."""
        return self._faults(url, credentials)

    def _fault_in(self, url: str, credentials: bool) -> str | None:
        if len(url) > MAX_URL_LENGTH:
            return f"it is longer than {MAX_URL_LENGTH} characters"
        if not url.isprintable() or url != url.lstrip():
            return "it has characters that no URL has"
        try:
            parts = URL(url)  # read as the client that calls it reads it: it sees digits where others see letters
            host = parts.raw_host
            port = urlsplit(url).netloc.rpartition("@")[2].rpartition("]")[2].partition(":")[2]
        except ValueError:
            return "it is not a URL"
        if parts.scheme not in {"http", "https"} or not host:
            return "it is not an http or https URL"
        if not credentials and (parts.user is not None or parts.password is not None):
            return "it carries a user name or password"
        if port and _PORT.fullmatch(port) is None:
            return "its port is not a number from 1 to 65535"
        try:
            address = ip_address(host)
        except ValueError:
            return self._fault_in_name(host.removesuffix(".").lower())
        if isinstance(address, IPv6Address) and address.scope_id is not None:
            return "its address has a zone, which means something on one machine only"
        return None if self.allows(address) else f"{address} is not a public address"

    def _fault_in_name(self, name: str) -> str | None:
        if name == "localhost" or name.endswith(".localhost"):
            return None if self.allows(ip_address("127.0.0.1")) else "it leads to this machine"
        if _NAME.fullmatch(name) is None or len(name) > _LONGEST_NAME:
            return "its host is not a name"
        # What ends in a number is an address to some resolvers, written as nobody writes one: 127.1, 0x7f000001.
        if _NUMBER.fullmatch(name.rpartition(".")[2]):
            return "its host is neither a name nor an address of four numbers"
        return None

    def resolver(self) -> AbstractResolver:
        """Return a resolver that finds only addresses which may be reached; it raises AddressNotAllowed if none is."""
        return _GuardedResolver(self)


def _behind(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, where it stands for one: mapped, 6to4, NAT64."""
    if not isinstance(address, IPv6Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


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
