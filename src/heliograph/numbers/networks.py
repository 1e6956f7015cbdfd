"""The operator that a number was given out by."""

from __future__ import annotations

from functools import lru_cache

_TELLING_DIGITS = 9
"""How many leading digits decide: operators are given ranges no smaller than this, and neighbours share an answer."""


def operator_of(msisdn: str) -> str | None:
    """Return the name of the operator that has the number's range; None if that is not public.

    A number that its owner has taken to another operator since is with that one: only a lookup says.
    """
    return _operator(msisdn[:_TELLING_DIGITS], len(msisdn))


@lru_cache(maxsize=100_000)
def _operator(head: str, length: int) -> str | None:
    from phonenumbers import NumberParseException, carrier, parse

    try:
        number = parse("+" + head.ljust(length, "0"))
    except NumberParseException:
        return None
    return str(carrier.name_for_valid_number(number, "en")) or None
