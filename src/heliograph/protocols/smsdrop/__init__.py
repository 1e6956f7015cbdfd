"""smsdrop, from both sides."""

from heliograph.protocols.smsdrop.async_client import AsyncClient
from heliograph.protocols.smsdrop.client import Client
from heliograph.protocols.smsdrop.model import (
    Campaign,
    CampaignCreate,
    MessageType,
    ShipmentState,
    Subscription,
    User,
)
from heliograph.protocols.smsdrop.recipients import make_recipient_list
from heliograph.protocols.smsdrop.storages import (
    DictStorage,
    DummyStorage,
    FileStorage,
    RedisStorage,
    Storage,
)

__all__ = [
    "AsyncClient",
    "Campaign",
    "CampaignCreate",
    "Client",
    "DictStorage",
    "DummyStorage",
    "FileStorage",
    "MessageType",
    "RedisStorage",
    "ShipmentState",
    "Storage",
    "Subscription",
    "User",
    "make_recipient_list",
]
