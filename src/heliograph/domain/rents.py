"""Numbers that can be rented, and the rents of accounts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import msgspec

from heliograph.domain.ids import encode

PERIODS = (1, 7, 30)
"""For how many days a number can be rented at once (reference: smscx.md, section 8)."""
SECOND_THOUGHTS = timedelta(minutes=30)
"""How long after its beginning a rent can be given back for its price."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """A number that the operator of this platform lets, and its prices, in millionths."""

    msisdn: str
    country: str
    """The number's country, in ISO 3166 alpha-2."""
    network: str
    """The name of the number's operator."""
    kind: Literal["mobile", "landline"] = "mobile"
    receives: bool = True
    """Whether SMS to it arrive here."""
    sends: bool = False
    """Whether SMS can be sent from it."""
    speaks: bool = False
    any_originator: bool = True
    """Whether it also gets messages from senders that have a name instead of a number."""
    needs_registration: bool = False
    instantly: bool = True
    """Whether it is ready at once, instead of some days after it was rented."""
    setup_price: int = 0
    prices: Mapping[int, int]
    """The price of each period, by its days."""
    inbound_price: int = 0
    outbound_price: int | None = None

    @property
    def number_id(self) -> str:
        """Return the identifier of the number, the same wherever it is offered or rented."""
        return encode(int.from_bytes(hashlib.sha256(f"number:{self.msisdn}".encode()).digest()[:16], "big"))

    @property
    def shortest(self) -> int:
        """Return the shortest period, in days."""
        return min(self.prices)


def _fictional(msisdn: str, country: str, **more: Any) -> Terms:
    usual: dict[str, Any] = {
        "network": "Sandbox",
        "prices": {1: 500_000, 7: 2_000_000, 30: 5_000_000},
        "sends": True,
    }
    return Terms(msisdn=msisdn, country=country, **usual | more)


FICTIONAL = (
    _fictional("33639980001", "FR"),
    _fictional("33639980002", "FR", inbound_price=10_000, outbound_price=40_000),
    _fictional("33199000001", "FR", kind="landline", speaks=True, sends=False, setup_price=1_000_000),
    _fictional("447700900001", "GB"),
    _fictional("447700900002", "GB", prices={7: 3_000_000, 30: 8_000_000}),
    _fictional("447700900003", "GB", needs_registration=True, instantly=False),
    _fictional("12025550101", "US", any_originator=False),
    _fictional("12025550102", "US"),
)
"""The numbers that the sandbox lets: regulators reserve them for films and books (ARCEP, Ofcom, NANPA)."""


class Rent(msgspec.Struct, frozen=True, kw_only=True):
    """A number that an account has for some time."""

    id: str
    account_id: str
    terms: Terms
    """The terms as they were when it was rented."""
    days: int
    begins_at: datetime
    ends_at: datetime
    auto_renew: bool
    callback_url: str | None
    """Where inbound messages to it are posted, instead of the account's own URL."""
    protocol: str
    registration_id: str | None
    price: int
    """The price of the latest period, in millionths."""
    setup_price: int
    active: bool
    created_at: datetime

    @property
    def approved(self) -> bool:
        """Say whether it has the registration that it needs to be used, if it needs one."""
        return not self.terms.needs_registration or self.registration_id is not None


class Traffic(NamedTuple):
    """How many messages were received at and sent from a rented number, and at what price, in millionths."""

    received: int
    received_price: int
    sent: int
    sent_price: int


NO_TRAFFIC = Traffic(0, 0, 0, 0)
