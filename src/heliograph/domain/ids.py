"""Identifiers: 128 bits, sortable by time, unique without anybody to ask.

The layout is that of a ULID: 48 bits of milliseconds since 1970, then 80 random bits, written in Crockford's base 32 as
26 characters. A batch takes one identifier and its messages the numbers that follow it, so that one random draw serves
25,000 messages and all rows of a batch lie side by side in every index.

Doors write the same 128 bits in their protocols' forms (32 hexadecimal digits, a UUID), made from `to_int`.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Sequence
from itertools import pairwise

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in ALPHABET for b in ALPHABET]


class _Digits(dict[int, str]):
    """Maps our characters to the digits that int() reads, and any other character to one that it does not."""

    def __missing__(self, _character: int) -> str:
        return "!"


_DIGITS = _Digits(zip(map(ord, ALPHABET), "0123456789abcdefghijklmnopqrstuv", strict=True))
_NEXT = dict(pairwise(ALPHABET))
"""The character after each but the last."""
_RANDOM_BITS = 80
_LOW = (1 << 60) - 1
_FOLLOWING_BITS = 24
"""The lowest bits of a fresh identifier are zero, so that 16 million others can follow without a carry."""


_DRAWN_AT_ONCE = 256
_drawn: list[int] = []
"""Random bits that no identifier has yet. Asking the system for them costs more than the rest of an identifier."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drawn.clear)  # else parent and child would make the same identifiers


def new_id() -> str:
    """Make an identifier for this moment. Safe in any thread, and after a fork."""
    try:
        drawn = _drawn.pop()
    except IndexError:
        many = secrets.token_bytes(_RANDOM_BITS // 8 * _DRAWN_AT_ONCE)
        drawn, *rest = (
            int.from_bytes(many[at : at + _RANDOM_BITS // 8]) for at in range(0, len(many), _RANDOM_BITS // 8)
        )
        _drawn.extend(rest)
    return encode(fresh(time.time_ns() // 1_000_000, drawn))


def fresh(at_ms: int, random_bits: int) -> int:
    """Return the number of an identifier made at `at_ms` (milliseconds since 1970) from 80 random bits.

    The low 24 bits are cleared for identifiers that follow; 56 random bits within one millisecond remain.
    """
    return (at_ms << _RANDOM_BITS) | (random_bits >> _FOLLOWING_BITS << _FOLLOWING_BITS)


def earliest_at(at_ms: int) -> str:
    """Return the smallest identifier that `at_ms` could have made: a bound for searches by time."""
    return encode(max(at_ms, 0) << _RANDOM_BITS)


def encode(value: int) -> str:
    """Write a number below 2**128 as 26 characters."""
    pairs, high, low = _PAIRS, value >> 60, value & _LOW  # halves: arithmetic on small numbers is quicker
    return (
        f"{pairs[high >> 60]}{pairs[high >> 50 & 1023]}{pairs[high >> 40 & 1023]}{pairs[high >> 30 & 1023]}"
        f"{pairs[high >> 20 & 1023]}{pairs[high >> 10 & 1023]}{pairs[high & 1023]}{pairs[low >> 50]}"
        f"{pairs[low >> 40 & 1023]}{pairs[low >> 30 & 1023]}{pairs[low >> 20 & 1023]}{pairs[low >> 10 & 1023]}"
        f"{pairs[low & 1023]}"
    )


def to_int(identifier: str) -> int:
    """Read the number behind 26 characters. Raises ValueError if it is not one of our identifiers."""
    if len(identifier) != 26 or identifier[0] > "7":  # 26 characters could say 130 bits
        raise ValueError(f"not an identifier: {identifier!r}")
    try:
        return int(identifier.translate(_DIGITS), 32)
    except ValueError:
        raise ValueError(f"not an identifier: {identifier!r}") from None


def is_id(text: str) -> bool:
    """Say whether a text has the form of an identifier."""
    try:
        to_int(text)
    except ValueError:
        return False
    return True


def following(identifier: str, count: int, skip: int = 0) -> Sequence[str]:
    """Return the `count` identifiers right after this one, in order, or right after the `skip` first of these."""
    if count == 1 and not skip and (last := _NEXT.get(identifier[25:])) is not None:
        return [identifier[:25] + last]
    first = to_int(identifier) + 1 + skip
    head = encode(first)[:22]
    out: list[str] = []
    for value in range(first, first + count):
        low = value & 0xFFFFF
        if not low:  # the last four characters have rolled over: the rest has moved on by one
            head = encode(value)[:22]
        out.append(head + _PAIRS[low >> 10] + _PAIRS[low & 1023])
    return out


def last_following(identifier: str) -> str:
    """Return the last identifier that can follow this one: a bound for finding all that do."""
    return encode(to_int(identifier) | (1 << _FOLLOWING_BITS) - 1)


def made_at_ms(identifier: str) -> int:
    """Return when the identifier was made, in milliseconds since 1970."""
    return to_int(identifier) >> _RANDOM_BITS
