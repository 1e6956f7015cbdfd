"""The request that is really made when an address is called: signers sign this, and posters request nothing else.

An address says the same in many spellings (capitals in its host, a usual port, no path, `%7E`, letters beyond ASCII),
and has parts that are never on the wire: a user name, a password, a fragment.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from yarl import URL

from heliograph.calling.authorization import basic


class Requested(NamedTuple):
    """An absolute address as its server sees it called."""

    url: str
    """The scheme, then the Host header, then the path and query of the request line. Read again, it stays so."""
    user: str = ""
    password: str = ""

    @property
    def basic(self) -> str | None:
        """Return the Authorization header that the address asks for (RFC 7617); None if it names nobody."""
        if not self.user and not self.password:
            return None
        return basic(self.user, self.password)


@lru_cache(maxsize=1_000)
def requested(address: str) -> Requested:
    """Read an address. Raises ValueError if it is not an absolute URL."""
    read = URL(address)
    if not read.scheme or not read.raw_host:
        raise ValueError(f"{address!r} is not an absolute URL.")
    query = f"?{read.raw_query_string}" if read.raw_query_string else ""
    url = f"{read.scheme}://{read.host_port_subcomponent}{_readable(read.raw_path)}{query}"
    return Requested(url, read.user or "", read.password or "")


def _readable(path: str) -> str:
    """Write a path as receivers read it.

    `urllib.parse.urlparse` loses a semicolon at the end, with nothing behind it, so that Twilio's own validator would
    find another URL signed.
    """
    last = path.rpartition("/")[2]
    return f"{path[:-1]}%3B" if path.endswith(";") and last.count(";") == 1 else path
