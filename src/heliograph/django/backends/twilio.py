"""Twilio, by the name that it has in pymess, and with pymess's settings.

Those are TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_SENDER.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings

from heliograph.django.backends.provider import ProviderSMSBackend


class TwilioSMSBackend(ProviderSMSBackend):
    """Sends by Twilio. Its config may use the provider's own names (docs/providers.md), which come first."""

    kind: ClassVar[str] = "twilio"

    @classmethod
    def provider_table(cls, config: Mapping[str, Any]) -> dict[str, Any]:
        plain = {
            "account_sid": getattr(settings, "TWILIO_ACCOUNT_SID", None),
            "auth_token": getattr(settings, "TWILIO_AUTH_TOKEN", None),
            "sender": getattr(settings, "TWILIO_SENDER", None),
        }
        return {name: value for name, value in plain.items() if value is not None} | super().provider_table(config)
