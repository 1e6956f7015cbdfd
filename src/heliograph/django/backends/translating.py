"""What backends have in common whose configuration pymess writes in capitals: its names become our own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from heliograph.django.backends.provider import ProviderSMSBackend


class TranslatingSMSBackend(ProviderSMSBackend):
    names: ClassVar[Mapping[str, str]] = {}
    """Our name of each of pymess's settings."""
    passed_over: ClassVar[frozenset[str]] = frozenset()
    """Settings of pymess that mean nothing to our provider."""

    @classmethod
    def provider_table(cls, config: Mapping[str, Any]) -> dict[str, Any]:
        ours = {
            cls.names.get(name, name): value
            for name, value in config.items()
            if name not in cls.passed_over and value is not None
        }
        return super().provider_table(ours)
