"""Heliograph: a self-hosted SMS platform that speaks your provider's own API and keeps every message."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.domain import errors
    from heliograph.embedded import EmbeddedClient
    from heliograph.sdk import AsyncClient, Client

__version__ = "0.1.0"
__all__ = ["AsyncClient", "Client", "__version__", "errors", "open"]


def open(where: str, **settings: object) -> EmbeddedClient:
    """Open a store, and return a client on an engine in this process; no server is needed, or reached.

    `where` is `sqlite:///FILE`, which is made if it is not there, with its keys in FILE.keys beside it; or a
    `postgresql://` URL. `settings` are those of a server. Without providers among them everything goes to the sandbox's
    phones. Needs `heliograph[server]`. Raises SetupError, in one sentence, if something stands in the way.
    """
    try:
        from heliograph.embedded import open_embedded
    except ModuleNotFoundError as error:
        from heliograph.domain.errors import SetupError

        raise SetupError(f"heliograph.open needs {error.name}: pip install 'heliograph[server]'") from error

    return open_embedded(where, settings)


if not TYPE_CHECKING:  # who checks types would take any name for one that there is

    def __getattr__(name: str) -> object:
        """Import the SDK when it is asked for: a server does without it."""
        if name in {"AsyncClient", "Client"}:
            from heliograph import sdk

            return getattr(sdk, name)
        if name == "errors":
            from heliograph.domain import errors

            return errors
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
