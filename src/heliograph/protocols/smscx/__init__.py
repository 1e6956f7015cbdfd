"""SMS.CX (SMS Connexion) API 1.0.2, from both sides."""

from heliograph.protocols.smscx.async_client import AsyncClient
from heliograph.protocols.smscx.client import Client
from heliograph.protocols.smscx.wire.contacts import AddContacts, GroupContact, UpdateContact
from heliograph.protocols.smscx.wire.conversations import RichReply, SmsReply
from heliograph.protocols.smscx.wire.lookups import LookupRequest
from heliograph.protocols.smscx.wire.numbers import ManyNumbers
from heliograph.protocols.smscx.wire.otp import NewOtp
from heliograph.protocols.smscx.wire.rents import RenewRequest, RentRequest, RentSettings
from heliograph.protocols.smscx.wire.sending import (
    CampaignRequest,
    MultichannelCampaignRequest,
    MultichannelRequest,
    SmsRequest,
    StrategyStep,
    TemplateCampaignRequest,
    TemplateRequest,
    Transliteration,
)
from heliograph.protocols.smscx.wire.shortlinks import NewShortlink, UpdateShortlink
from heliograph.protocols.smscx.wire.templates import NewTemplate, RichMedia, UpdateTemplate

__all__ = [
    "AddContacts",
    "AsyncClient",
    "CampaignRequest",
    "Client",
    "GroupContact",
    "LookupRequest",
    "ManyNumbers",
    "MultichannelCampaignRequest",
    "MultichannelRequest",
    "NewOtp",
    "NewShortlink",
    "NewTemplate",
    "RenewRequest",
    "RentRequest",
    "RentSettings",
    "RichMedia",
    "RichReply",
    "SmsReply",
    "SmsRequest",
    "StrategyStep",
    "TemplateCampaignRequest",
    "TemplateRequest",
    "Transliteration",
    "UpdateContact",
    "UpdateShortlink",
    "UpdateTemplate",
]
