"""XMS, the HTTP API of CLX and then Sinch: served to its clients, and spoken to its servers."""

from heliograph.protocols.xms.async_client import AsyncClient
from heliograph.protocols.xms.client import Client
from heliograph.protocols.xms.model import RESET

__all__ = ["RESET", "AsyncClient", "Client"]
