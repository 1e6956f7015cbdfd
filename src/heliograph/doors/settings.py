"""What the operator of the platform decides for doors."""

from __future__ import annotations

import msgspec
from starlette.requests import Request


class DoorSettings(msgspec.Struct, frozen=True, kw_only=True):
    max_body_bytes: int
    public_url: str
    """How others reach this server; empty: as the caller did."""
    link_url: str
    """What short addresses begin with; empty: with this server's address and `short`."""
    short: str
    """Where short addresses are, from the root of the server."""
    files: str
    """Where files are, from the root of the server."""

    def base_url(self, request: Request) -> str:
        """Of this server, as recipients of messages reach it."""
        return self.public_url or f"{request.url.scheme}://{request.url.netloc}"

    def short_url(self, request: Request) -> str:
        """What comes before the slash and the identifier of a short address."""
        return self.link_url or self.base_url(request) + self.short
