"""What the platform needs to know of a protocol that it sends by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from heliograph.protocols.contract import Provider


class ProviderConfig(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, frozen=True):
    """What may be set for every provider, whatever its type: a table `[providers.NAME]` of the settings file."""

    type: str
    """The protocol's name."""
    rate: Annotated[float, Meta(ge=0)] = 0.0
    """Messages a second that it may be sent; 0: any number."""
    account: str = ""
    """The account whose inbound messages come by it; empty: the first."""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider is told of where it runs."""

    name: str
    """Its own."""
    account_id: str
    """Whose the inbound messages are."""
    callback_url: str | None
    """Where it hears what is told to it (`Provider.hear`); None: nobody outside can reach this server."""


class ProvidedProtocol(ABC):
    """One line of the registry."""

    name: ClassVar[str]
    config: ClassVar[type[ProviderConfig]]
    secrets: ClassVar[frozenset[str]] = frozenset()
    """Fields of the config that are never shown."""

    @abstractmethod
    def provider(self, config: Any, surroundings: Surroundings) -> Provider:
        """`config` is of the class `self.config`."""
