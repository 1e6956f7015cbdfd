"""Connections to one Heliograph."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from heliograph.calling import AsyncTransport, SyncTransport
from heliograph.calling.transport import InvalidAddress
from heliograph.sdk.connection import NoConnection


def sync_transport(base_url: str, token: str, account: str | None = None) -> SyncTransport:
    """Connect without asyncio. Raises NoConnection for an address or a token that can't be one."""
    headers = _headers(token, account)
    try:
        return SyncTransport(base_url, headers)
    except InvalidAddress as error:
        raise NoConnection(str(error)) from error


def async_transport(base_url: str, token: str, account: str | None = None) -> AsyncTransport:
    """Connect with asyncio. Raises NoConnection for an address or a token that can't be one."""
    headers = _headers(token, account)
    try:
        return AsyncTransport(base_url, headers)
    except InvalidAddress as error:
        raise NoConnection(str(error)) from error


def _headers(token: str, account: str | None) -> Mapping[str, str]:
    if not (token.isascii() and token.isprintable()):
        raise NoConnection("The token has characters that no token has.")
    headers = {"Authorization": f"Bearer {token}"}
    if account is not None:
        headers["X-Heliograph-Account"] = quote(account, safe=" ")
    return headers
