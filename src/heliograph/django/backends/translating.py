"""What backends have in common whose configuration pymess writes in capitals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from heliograph.django.backends.provider import ProviderSMSBackend


class TranslatingSMSBackend(ProviderSMSBackend):
    names: ClassVar[Mapping[str, str]] = {}
    """Theirs -> ours."""
    passed_over: ClassVar[frozenset[str]] = frozenset()
    """Theirs that say nothing to a provider."""

    @classmethod
    def provider_table(cls, config: Mapping[str, Any]) -> dict[str, Any]:
        ours = {
            cls.names.get(name, name): value
            for name, value in config.items()
            if name not in cls.passed_over and value is not None
        }
        return super().provider_table(ours)
