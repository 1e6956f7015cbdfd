"""SMS.CX (SMS Connexion) API 1.0.2, from both sides."""

from heliograph.protocols.smscx.async_client import AsyncClient
from heliograph.protocols.smscx.client import Client
from heliograph.protocols.smscx.wire import (
    AddContacts,
    CampaignRequest,
    GroupContact,
    NewTemplate,
    RichMedia,
    SmsRequest,
    Transliteration,
    UpdateContact,
    UpdateTemplate,
)

__all__ = [
    "AddContacts",
    "AsyncClient",
    "CampaignRequest",
    "Client",
    "GroupContact",
    "NewTemplate",
    "RichMedia",
    "SmsRequest",
    "Transliteration",
    "UpdateContact",
    "UpdateTemplate",
]
