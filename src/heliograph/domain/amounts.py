"""Sums and counts as people write them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from heliograph.domain.errors import InvalidField
from heliograph.domain.prices import MICROS

_MOST = Decimal(9_000_000_000)


def micros_in(text: str, field: str) -> int:
    """Read a sum such as 12.50, in millionths. Raises InvalidField for what is none, or has more than six decimals."""
    try:
        amount = Decimal(text.strip())
        micros = amount * MICROS
        exact = amount.is_finite() and abs(amount) <= _MOST and micros == int(micros)
    except (InvalidOperation, ValueError, OverflowError):
        exact = False
    if not exact:
        raise InvalidField(f"A sum is written as in 12.50, not {text!r}.", field=field)
    return int(micros)


def money_text(micros: int) -> str:
    """Write millionths as a decimal, as short as it can be."""
    return f"{Decimal(micros) / MICROS:f}"


def whole_in(text: str, field: str) -> int:
    """Read a whole number that is not negative. Raises InvalidField."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidField(f"`{field}` is a whole number, or none, and not {text!r}.", field=field)
    return int(text)


def commas_in(text: str) -> list[str]:
    """Read a list that is separated by commas."""
    return [part.strip() for part in text.split(",") if part.strip()]
