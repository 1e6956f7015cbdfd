"""Lists of numbers as customers write them."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.domain.errors import InvalidRecipient
from heliograph.numbers import Check, normalise_many

MAX_NAMED_MISTAKES = 20
"""How many wrong numbers an error lists."""


def parse_msisdns(texts: Sequence[str], region: str | None, check: Check, *, field: str) -> list[str]:
    """Bare MSISDNs, each once, in the order given. InvalidRecipient names what is not a number."""
    found = normalise_many(texts, region=region, check=check)
    if found.invalid:
        named = [f"{row.text!r} ({row.reason})" for row in found.invalid[:MAX_NAMED_MISTAKES]]
        more = len(found.invalid) - len(named)
        rest = f", and {more} more" if more else ""
        raise InvalidRecipient(f"Not a phone number: {', '.join(named)}{rest}.", field=field)
    return list(dict.fromkeys(found.msisdns))
