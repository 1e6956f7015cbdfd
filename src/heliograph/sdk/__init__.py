"""The Python SDK: `Client` and `AsyncClient` for Heliograph's native API.

Errors are those of `heliograph.errors`; what the server calls by a code, the SDK raises as that code's class.
"""

from heliograph.sdk.async_client import AsyncClient
from heliograph.sdk.client import Client

__all__ = ["AsyncClient", "Client"]
