"""ATS, by the name and the settings that it has in pymess."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from heliograph.django.backends.translating import TranslatingSMSBackend


class ATSSMSBackend(TranslatingSMSBackend):
    """Sends by ATS. PROJECT_KEYWORD and OUTPUT_SENDER_NUMBER are optional, as in pymess's own example."""

    kind: ClassVar[str] = "ats"
    config: Mapping[str, Any] = {"UNIQ_PREFIX": "", "VALIDITY": 60}
    names: ClassVar[Mapping[str, str]] = {
        "URL": "url",
        "UNIQ_PREFIX": "prefix",
        "USERNAME": "username",
        "PASSWORD": "password",
        "PROJECT_KEYWORD": "keyword",
        "TEXTID": "textid",
        "OPTID": "opmid",
        "TIMEOUT": "timeout_s",
    }
    passed_over: ClassVar[frozenset[str]] = frozenset({"OUTPUT_SENDER_NUMBER", "VALIDITY"})

    @property
    def validity(self) -> timedelta:  # type: ignore[override]
        return timedelta(minutes=self.config["VALIDITY"], seconds=30)

    def _get_extra_message_kwargs(self) -> dict[str, Any]:
        return {"sender": self.config.get("OUTPUT_SENDER_NUMBER")}

    def _get_extra_sender_data(self) -> dict[str, Any]:
        return {
            "prefix": self.config["UNIQ_PREFIX"],
            "validity": self.config["VALIDITY"],
            "kw": self.config.get("PROJECT_KEYWORD"),
            "textid": self.config.get("TEXTID"),
        }
