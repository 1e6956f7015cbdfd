"""iSendPro, from both sides."""

from heliograph.protocols.isendpro.async_client import AsyncClient
from heliograph.protocols.isendpro.client import Client

__all__ = ["AsyncClient", "Client"]
