"""Numbers that are written as text, as forms and queries have them."""

from __future__ import annotations

_LONGEST = 18
"""Digits, without leading zeros: what a database holds. `int` of thousands fails, and takes its time before."""


def whole_number(text: str, allowed: range) -> int | None:
    """What digits say, with whatever zeros before them; None for anything else, and for what is not `allowed`.

    `int` would also read signs, blanks, underscores and the digits of other scripts.
    """
    if not text.isascii() or not text.isdigit():
        return None
    digits = text.lstrip("0") or "0"
    value = int(digits[: _LONGEST + 1])
    return value if len(digits) <= _LONGEST and value in allowed else None
