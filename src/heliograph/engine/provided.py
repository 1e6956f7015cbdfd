"""The platform's side of a protocol that messages go out by: its settings, and how a provider is made of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Protocol
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from heliograph.engine.contract import Provider


class ProviderConfig(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, frozen=True):
    """Settings of every provider, whatever its type: a table `[providers.NAME]` of the settings file."""

    type: str
    """The protocol's name."""
    rate: Annotated[float, Meta(ge=0)] = 0.0
    """How many messages a second it may be sent; 0: any number."""
    originator_rate: Annotated[float, Meta(ge=0)] = 0.0
    """How many messages a second it may be sent from each originator; 0: any number."""
    account: str = ""
    """The account whose inbound messages come by it; empty: the one that was made first."""
    resend_uncertain: bool | None = None
    """Whether a message is sent again if nobody knows whether it was taken; absent: the provider's type decides."""
    failover_refusals: tuple[str, ...] | None = None
    """Codes of refusals, the provider's or ours, after which the route's next provider is tried; `*` stands for any.

    Absent: after all refusals that are not about the recipient.
    """
    failover_receipts: tuple[str, ...] = ()
    """Codes of failed receipts after which the route's next provider is tried; `*` stands for anything."""
    costs: dict[str, Annotated[float, Meta(ge=0)]] = {}
    """The price of a part by country (`FR = 0.04`) and `default`, for routes that take the cheapest."""
    slow_after_s: Annotated[float, Meta(gt=0)] = 60.0
    """The provider counts as slow when its median receipt takes longer than this, in seconds."""

    def files(self) -> Sequence[str]:
        """List the paths of files that the provider reads when it is made: with others in them it is another."""
        return ()


class InvalidConfig(ValueError):
    """A field of a provider's table can't be right. `told`, without any secret, goes on after the field's name."""

    def __init__(self, field: str, told: str) -> None:
        super().__init__(f"{field} {told}")
        self.field = field
        self.told = told


def require_nobody_in(address: str, field: str) -> None:
    """Check that an address names no user: that asks for an Authorization header, and there is another one already.

    Raises InvalidConfig for an address with a user name or a password.
    """
    if "@" in urlsplit(address).netloc:
        raise InvalidConfig(field, "must have no user name, because another Authorization header is sent")


class TokenStorage(Protocol):
    """A place where tokens are kept between one run and the next; any object that does this will serve."""

    def get(self, key: str) -> str | None:
        """Return the value of a key; None if there is none, or no more."""
        ...

    def set(self, key: str, value: str, expires: int) -> None:
        """Keep a value for `expires` seconds, instead of what was there."""
        ...

    def delete(self, key: str) -> None:
        """Forget a key. Safe if there is none."""
        ...


class ProviderContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider is told of the platform that it runs in."""

    name: str
    """The provider's own name."""
    account_id: str | None
    """The account that its inbound messages belong to; None: the oldest account."""
    callback_url: str | None
    """URL of its webhook (`Provider.handle_webhook`); None: nobody outside can reach this server."""
    tokens: TokenStorage | None = None
    """A place for what it would otherwise have to log in for again; None: it keeps that to itself."""


class ProvidedProtocol(ABC):
    """One line of the registry of providers."""

    name: ClassVar[str]
    config: ClassVar[type[ProviderConfig]]
    secrets: ClassVar[frozenset[str]] = frozenset()
    """Names of fields of the config that are never shown."""

    authorizes: ClassVar[str | None] = None
    """Name of the field with the address of a server that is told who is calling by an Authorization header.

    None: the server is told otherwise.
    """

    def check(self, config: Any) -> None:
        """Check a config at the start, beyond the types of its fields. Raises InvalidConfig."""
        if self.authorizes is not None:
            require_nobody_in(getattr(config, self.authorizes), self.authorizes)
        self.require(config)

    def require(self, config: Any) -> None:  # noqa: B027 - most have nothing to add
        """Check what only this protocol can know of a config. Raises InvalidConfig."""

    @abstractmethod
    def provider(self, config: Any, context: ProviderContext) -> Provider:
        """Make a provider of a config of the class `self.config`."""
