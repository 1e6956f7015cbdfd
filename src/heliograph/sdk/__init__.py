"""The Python SDK: `Client` and `AsyncClient` for Heliograph's native API.

Errors are those of `heliograph.errors`; what the server calls by a code, the SDK raises as that code's class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heliograph.sdk.async_client import AsyncClient
    from heliograph.sdk.client import Client

__all__ = ["AsyncClient", "Client"]


def __getattr__(name: str) -> Any:
    """Import the client that is asked for, and not the other."""
    if name == "Client":
        from heliograph.sdk.client import Client

        return Client
    if name == "AsyncClient":
        from heliograph.sdk.async_client import AsyncClient

        return AsyncClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
