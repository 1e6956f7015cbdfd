"""Values that several resources show: how each is written."""

from __future__ import annotations

from heliograph.domain.amounts import money_text
from heliograph.numbers import with_plus


def maybe_address(originator: str | None) -> str | None:
    return None if originator is None else with_plus(originator)


def money(amount: int) -> str:
    """Write an amount in millionths as a decimal, without needless zeros."""
    return money_text(amount)
