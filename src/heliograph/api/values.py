"""How values are written that several resources have."""

from __future__ import annotations

from decimal import Decimal

from heliograph.domain.prices import MICROS
from heliograph.numbers import with_plus


def maybe_address(originator: str | None) -> str | None:
    return None if originator is None else with_plus(originator)


def money(amount: int) -> str:
    """Millionths as a decimal, as short as it can be."""
    return f"{Decimal(amount) / MICROS:f}"
