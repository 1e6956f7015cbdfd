"""Amazon SNS, by the name and the settings that it has in pymess."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from heliograph.django.backends.translating import TranslatingSMSBackend


class SNSSMSBackend(TranslatingSMSBackend):
    kind: ClassVar[str] = "sns"
    names: ClassVar[Mapping[str, str]] = {
        "AWS_ACCESS_KEY_ID": "access_key_id",
        "AWS_SECRET_ACCESS_KEY": "secret_access_key",
        "AWS_REGION": "region",
    }
    passed_over: ClassVar[frozenset[str]] = frozenset({"SENDER_ID"})

    def _get_extra_message_kwargs(self) -> dict[str, Any]:
        return {"sender": self.config.get("SENDER_ID")}
