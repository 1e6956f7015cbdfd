"""The balance, and which channels there are."""

from __future__ import annotations

from heliograph.protocols.smscx.wire.common import Wire


class Balance(Wire):
    balance: float
    currency: str
    billing: str


class ChannelsStatus(Wire):
    sms: bool
    viber: bool
    whatsapp: bool
    multichannel: bool
