"""Addresses: a text, what type of number it is (TON, 5.2.5) and in which numbering plan (NPI, 5.2.6)."""

from __future__ import annotations

from typing import NamedTuple

from heliograph.numbers import parse_originator, ton_npi

INTERNATIONAL = 1
"""A type of number."""
_ISDN = 1


class Address(NamedTuple):
    ton: int
    npi: int
    text: str


NOBODY = Address(0, 0, "")
"""The SMSC says who it is from."""


def source(originator: str | None, ton: int | None = None, npi: int | None = None) -> Address:
    """Write an originator: its type and plan by how it looks, unless they are given. InvalidOriginator."""
    if originator is None:
        return NOBODY
    found = parse_originator(originator)
    usual_ton, usual_npi = ton_npi(found)
    return Address(usual_ton if ton is None else ton, usual_npi if npi is None else npi, found.value)


def destination(msisdn: str, ton: int | None = None, npi: int | None = None) -> Address:
    """Write a recipient, an international number in bare digits, unless its type and plan are given."""
    return Address(INTERNATIONAL if ton is None else ton, _ISDN if npi is None else npi, msisdn)


def read(ton: int, text: str) -> str:
    """Read who wrote, or to whom, as an arrival has it: an international number with a plus, the rest as it came."""
    bare = text.strip()
    return f"+{bare}" if ton == INTERNATIONAL and bare.isascii() and bare.isdigit() else bare
