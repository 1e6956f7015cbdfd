"""What the account has to spend, where it went, and what sending costs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from heliograph.api.wire.fields import Money


class Balance(msgspec.Struct, kw_only=True):
    """What an account has to spend; what waiting messages cost is taken off already."""

    balance: Money | None
    """null: the account is not billed."""
    currency: str
    """ISO 4217."""


class LedgerEntry(msgspec.Struct, kw_only=True):
    """One change of the balance."""

    id: str
    kind: Literal["set", "charge", "return", "transfer"]
    """`transfer`: between an account and the one above it."""
    amount: Money
    """Added to the balance; negative for charges."""
    batch_id: str | None
    created_at: datetime


class LedgerPage(msgspec.Struct, kw_only=True):
    items: Sequence[LedgerEntry]
    next: str | None


class Price(msgspec.Struct, kw_only=True):
    country: str
    """ISO 3166 alpha-2."""
    price: Money
    """For a part."""


class Prices(msgspec.Struct, kw_only=True):
    currency: str
    items: Sequence[Price]
