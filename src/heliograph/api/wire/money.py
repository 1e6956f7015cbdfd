"""The account's balance, its changes, and the prices of messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from heliograph.api.wire.fields import Money


class Balance(msgspec.Struct, kw_only=True):
    """The account's balance; the price of messages that wait is deducted already."""

    balance: Money | None
    """The balance; null if the account is not billed."""
    currency: str
    """The currency, in ISO 4217."""


class LedgerEntry(msgspec.Struct, kw_only=True):
    """One change of the balance."""

    id: str
    kind: Literal["set", "charge", "return", "transfer", "top_up", "correction"]
    """Why the balance changed; a `transfer` is between an account and the one above it, a `top_up` or a `correction` by
    those who run the installation."""
    amount: Money
    """The amount that was added to the balance; negative for charges."""
    batch_id: str | None
    note: str | None
    """What was said about it by whoever changed the balance by hand."""
    created_at: datetime


class LedgerPage(msgspec.Struct, kw_only=True):
    items: Sequence[LedgerEntry]
    next: str | None


class Price(msgspec.Struct, kw_only=True):
    country: str
    """The country, in ISO 3166 alpha-2."""
    price: Money
    """The price of one part."""


class Prices(msgspec.Struct, kw_only=True):
    currency: str
    items: Sequence[Price]
