"""Which operator a number was given out by."""

from __future__ import annotations

from functools import lru_cache

_TELLING_DIGITS = 9
"""Operators are given ranges no smaller than this; neighbours share an answer."""


def operator_of(msisdn: str) -> str | None:
    """The name of the operator that has the number's range; None if that is not public.

    Whoever has taken the number to another operator since is with that one: only a lookup says.
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
