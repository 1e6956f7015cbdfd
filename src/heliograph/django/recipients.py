"""Recipients: how they are stored, and how providers get them."""

from __future__ import annotations

import re

from heliograph.django import conf
from heliograph.django.errors import SMSSendingError
from heliograph.engine.foreign import storable
from heliograph.numbers import InvalidNumber, compact, normalise, read_address, region_of

MAX_LENGTH = 20
_SHAPE = re.compile(r"\+?[0-9]{3,15}")
_NATIONAL_DIGITS = 9
"""The length of numbers that get the project's code (reference: pymess.md, section 6)."""


def canonical(text: object) -> str:
    """Write a recipient as it is stored: `+420777111222`, or what was given if it says no country.

    What stands between digits is taken off, 00 becomes a plus, and a number of nine digits gets the setting
    DEFAULT_PHONE_CODE. Raises SMSSendingError for what can't be a number.
    """
    written = str(text or "").strip()
    if not written:
        raise SMSSendingError("The recipient is empty.")
    try:
        bare = compact(written)
    except InvalidNumber as error:
        raise SMSSendingError(f"The recipient is no phone number: {error}. Write it like +420777111222.") from error
    code = conf.get("DEFAULT_PHONE_CODE")
    if bare.startswith("00"):
        bare = f"+{bare[2:]}"
    elif code and len(bare) == _NATIONAL_DIGITS and not bare.startswith("+"):
        bare = f"{code}{bare}"
    if len(bare) > MAX_LENGTH:
        raise SMSSendingError(f"The recipient has {len(bare)} characters; {MAX_LENGTH} are the most.")
    if _SHAPE.fullmatch(bare) is None:
        raise SMSSendingError("The recipient is no phone number: write it like +420777111222.")
    return bare


def one_spelling(text: object) -> str:
    """Write a number as opt-outs have it, with a plus if it says its country. Raises SMSSendingError."""
    number = canonical(text)
    try:
        return f"+{normalise(number)}"
    except InvalidNumber:
        return number


def read(text: str) -> str:
    """Read the other end of an inbound message, as `numbers.read_address` does.

    National numbers are taken to be of the country that the setting DEFAULT_PHONE_CODE names.
    """
    return read_address(storable(text), region_of(conf.get("DEFAULT_PHONE_CODE") or ""))


def spellings_of(recipient: str) -> set[str]:
    """Return the spellings that rows may have of a recipient: as it is, and with and without its plus."""
    try:
        msisdn = normalise(recipient)
    except InvalidNumber:
        return {recipient}
    return {recipient, msisdn, f"+{msisdn}"}


def msisdn_of(recipient: str) -> str:
    """Return the MSISDN that a provider gets. Raises SMSSendingError for a number that says no country."""
    try:
        return normalise(recipient)
    except InvalidNumber as error:
        hint = "" if recipient.startswith("+") else "; write it with its country's code, or set DEFAULT_PHONE_CODE"
        raise SMSSendingError(f"The recipient is not reachable: {error}{hint}.") from error
