"""What the platform needs to know of a protocol that it sends by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, ClassVar, Protocol
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from heliograph.engine.contract import Provider


class ProviderConfig(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, frozen=True):
    """What may be set for every provider, whatever its type: a table `[providers.NAME]` of the settings file."""

    type: str
    """The protocol's name."""
    rate: Annotated[float, Meta(ge=0)] = 0.0
    """Messages a second that it may be sent; 0: any number."""
    originator_rate: Annotated[float, Meta(ge=0)] = 0.0
    """The same from each originator."""
    account: str = ""
    """The account whose inbound messages come by it; empty: the one that was made first."""
    resend_uncertain: bool | None = None
    """Whether a message is sent again if nobody knows whether it was taken; absent: as its type does."""
    failover_refusals: tuple[str, ...] | None = None
    """Codes of refusals, the provider's or ours, after which the route's next provider is tried, `*` standing for
    anything; absent: after all that are not about the recipient."""
    failover_receipts: tuple[str, ...] = ()
    """The same of failed receipts."""
    costs: dict[str, Annotated[float, Meta(ge=0)]] = {}
    """What a part costs: `FR = 0.04`, and `default`; for routes that take the cheapest."""
    slow_after_s: Annotated[float, Meta(gt=0)] = 60.0
    """Receipts that take longer, as the half of them do, count as slow, for routes that follow health."""


class InvalidConfig(ValueError):
    """A field of a provider's table can't be right: `told`, without any secret, goes on after the field's name."""

    def __init__(self, field: str, told: str) -> None:
        super().__init__(f"{field} {told}")
        self.field = field
        self.told = told


def require_nobody_in(address: str, field: str) -> None:
    """InvalidConfig for an address with a user name or a password: they ask for an Authorization header, and there is
    another one."""
    if "@" in urlsplit(address).netloc:
        raise InvalidConfig(field, "must have no user name, because another Authorization header is sent")


class TokenStorage(Protocol):
    """Where tokens are kept between one run and the next; any object that does this will serve."""

    def get(self, key: str) -> str | None:
        """None if there is none, or no more."""
        ...

    def set(self, key: str, value: str, expires: int) -> None:
        """Keeps a value for `expires` seconds, instead of what was there."""
        ...

    def delete(self, key: str) -> None:
        """Safe if there is none."""
        ...


class ProviderContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider is told of where it runs."""

    name: str
    """Its own."""
    account_id: str | None
    """Whose the inbound messages are; None: the first account's."""
    callback_url: str | None
    """Where it hears what is told to it (`Provider.handle_webhook`); None: nobody outside can reach this server."""
    tokens: TokenStorage | None = None
    """Where it may keep what it would have to log in for again; None: in itself."""


class ProvidedProtocol(ABC):
    """One line of the registry."""

    name: ClassVar[str]
    config: ClassVar[type[ProviderConfig]]
    secrets: ClassVar[frozenset[str]] = frozenset()
    """Fields of the config that are never shown."""

    authorizes: ClassVar[str | None] = None
    """The field with the address of a server that is told in an Authorization header who is calling; None: it is told
    otherwise."""

    def check(self, config: Any) -> None:
        """Find at the start what is wrong with a config, beyond the types of its fields. InvalidConfig."""
        if self.authorizes is not None:
            require_nobody_in(getattr(config, self.authorizes), self.authorizes)
        self.require(config)

    def require(self, config: Any) -> None:  # noqa: B027 - most have nothing to add
        """Finds at the start what is wrong with a config, beyond the types of its fields. InvalidConfig."""

    @abstractmethod
    def provider(self, config: Any, context: ProviderContext) -> Provider:
        """`config` is of the class `self.config`."""
