"""Decimal digits of every script, as 0 to 9: the one place that knows them."""

from __future__ import annotations

from unicodedata import decimal


def ascii_digits(text: str) -> str:
    """Write every decimal digit of `text` (Unicode category Nd: ٤, ४, ４) as 0 to 9, and leave the rest as it is.

    Superscripts, circled digits and numerals such as 三 are no decimal digits.
    """
    if text.isascii():
        return text
    return "".join(str(decimal(each)) if each.isdecimal() else each for each in text)
