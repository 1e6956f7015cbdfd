"""Numbers that can be rented, and those that are."""

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
"""How long a rent can be given back for its price."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """A number that the operator of this platform lets, and what it costs. Prices are in millionths."""

    msisdn: str
    country: str
    """ISO 3166 alpha-2."""
    network: str
    """Its operator's name."""
    kind: Literal["mobile", "landline"] = "mobile"
    receives: bool = True
    """SMS to it arrive here."""
    sends: bool = False
    """SMS can be sent from it."""
    speaks: bool = False
    any_originator: bool = True
    """It also gets messages from senders that have a name instead of a number."""
    needs_registration: bool = False
    instantly: bool = True
    """It is ready at once, and not some days after it was rented."""
    setup_price: int = 0
    prices: Mapping[int, int]
    """Days of a rent -> its price."""
    inbound_price: int = 0
    outbound_price: int | None = None

    @property
    def number_id(self) -> str:
        """Names the number wherever it is offered or rented."""
        return encode(int.from_bytes(hashlib.sha256(f"number:{self.msisdn}".encode()).digest()[:16], "big"))

    @property
    def shortest(self) -> int:
        """The shortest rent, in days."""
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
"""What the sandbox lets: numbers that regulators keep for films and books (ARCEP, Ofcom, NANPA)."""


class Rent(msgspec.Struct, frozen=True, kw_only=True):
    """A number that an account has for a while."""

    id: str
    account_id: str
    terms: Terms
    """As they were when it was rented."""
    days: int
    begins_at: datetime
    ends_at: datetime
    auto_renew: bool
    callback_url: str | None
    """Where inbound messages to it are told, instead of where the account's are."""
    protocol: str
    registration_id: str | None
    price: int
    """Of the latest period, in millionths."""
    setup_price: int
    active: bool
    created_at: datetime

    @property
    def approved(self) -> bool:
        """Whether what it needs to be used is there."""
        return not self.terms.needs_registration or self.registration_id is not None


class Traffic(NamedTuple):
    """How many messages were received at and sent from a rented number, and at what price, in millionths."""

    received: int
    received_price: int
    sent: int
    sent_price: int


NO_TRAFFIC = Traffic(0, 0, 0, 0)
