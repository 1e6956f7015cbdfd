"""SMS Operator, by the name and the settings that it has in pymess."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from heliograph.django.backends.translating import TranslatingSMSBackend


class SMSOperatorBackend(TranslatingSMSBackend):
    kind: ClassVar[str] = "smsoperator"
    config: Mapping[str, Any] = {"UNIQ_PREFIX": ""}
    names: ClassVar[Mapping[str, str]] = {
        "URL": "url",
        "SMS_URL": "url",
        "UNIQ_PREFIX": "prefix",
        "USERNAME": "username",
        "PASSWORD": "password",
        "TIMEOUT": "timeout_s",
    }
    passed_over: ClassVar[frozenset[str]] = frozenset({"VOICE_URL"})

    def _get_extra_sender_data(self) -> dict[str, Any]:
        return {"prefix": self.config["UNIQ_PREFIX"]}
