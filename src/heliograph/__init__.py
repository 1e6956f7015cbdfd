"""Heliograph: a self-hosted SMS platform that speaks your provider's own API and keeps every message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heliograph.domain import errors
    from heliograph.sdk import AsyncClient, Client

__version__ = "0.1.0"
__all__ = ["AsyncClient", "Client", "__version__", "errors"]


def __getattr__(name: str) -> Any:
    """Import the SDK when it is asked for: a server does without it."""
    if name in {"AsyncClient", "Client"}:
        from heliograph import sdk

        return getattr(sdk, name)
    if name == "errors":
        from heliograph.domain import errors

        return errors
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
