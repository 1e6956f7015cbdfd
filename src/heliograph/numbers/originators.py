"""Originators: what a message says it is from. Also called sender ID, source address or TPOA."""

from __future__ import annotations

import string
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from heliograph.numbers.number import Check, InvalidNumber, type_of
from heliograph.numbers.plans import NumberType
from heliograph.numbers.reading import normalise
from heliograph.numbers.spelling import compact

#: An alphanumeric address is at most 10 octets of packed septets (3GPP TS 23.040, 9.1.2.5): 11 characters.
MAX_CHARACTERS = 11

#: The characters an alphanumeric originator may have: ASCII that takes one septet in the GSM alphabet (3GPP TS
#: 23.038, 6.2.1). Without [ \ ] ^ ` { | } ~, which take two or do not exist there; without é, ß, Ω and the like,
#: which do, but which the C-octet string of an SMPP source_addr cannot carry.
CHARACTERS = frozenset(string.ascii_letters + string.digits + " !\"#$%&'()*+,-./:;<=>?@_")

_SHORT = range(3, 7)
SHORT_UNLESS_VALID = range(7, 9)
"""How many digits may be a short code as well as an MSISDN. They are a short code if no plan has them."""


class OriginatorKind(StrEnum):
    """The three kinds of originator; networks treat them by different rules."""

    MSISDN = "msisdn"
    SHORT_CODE = "short_code"
    ALPHANUMERIC = "alphanumeric"


class InvalidOriginator(ValueError):
    """A text that cannot be an originator. As a string it is the reason alone, as with InvalidNumber."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text, reason)
        self.text = text  #: as it was given
        self.reason = reason  #: for a person, in lower case and without a full stop

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Originator:
    """An originator as `parse_originator` read it."""

    value: str
    """Bare digits of an MSISDN or a short code; or the name, as written but for spaces at its ends."""
    kind: OriginatorKind


#: Type of number and numbering plan indicator of each kind. The values are those of SMPP 3.4, 5.2.5 (TON: 1
#: international, 3 network specific, 5 alphanumeric) and 5.2.6 (NPI: 0 unknown, 1 ISDN, that is E.163/E.164).
#: The standard does not say which to use for a short code. 3/0 is the usual convention, and what Infobip documents;
#: but Sinch asks for 0/1, so a line to a provider must be able to set its own.
_TON_NPI = {
    OriginatorKind.MSISDN: (1, 1),
    OriginatorKind.SHORT_CODE: (3, 0),
    OriginatorKind.ALPHANUMERIC: (5, 0),
}


@lru_cache(maxsize=10_000)
def parse_originator(text: str) -> Originator:
    """Read an originator and tell its kind.

    - With a letter in it: ALPHANUMERIC, 1 to 11 of `CHARACTERS`. It may not begin with a plus.
    - With a plus or 00 in front: MSISDN, 7 to 15 digits. Written like any number: +33 6 12 34 56 78.
    - 3 to 6 digits: SHORT_CODE. Short codes are national, so one may begin with 0.
    - 7 or 8 digits: MSISDN if they are a valid number of some country (a plus makes it one in any case), else
      SHORT_CODE. Both exist: Niue, Tokelau, Saint Helena and the Falklands have numbers that short, and by the
      short number metadata of phonenumbers there are SMS codes of 7 or 8 digits in Australia, China, India,
      Italy, Japan, South Korea, Papua New Guinea and Paraguay. Longer ones (China, Japan) read as MSISDN.
    - 9 to 15 digits: MSISDN. There is no country to read a national number by, so it may not begin with 0.

    An MSISDN is only held to Check.SHAPE: operators number their own equipment outside of public plans.

    Raises InvalidOriginator for everything else.
    """
    name = text.strip()
    if any(character.isalpha() for character in name):
        return Originator(_name(text, name), OriginatorKind.ALPHANUMERIC)
    try:
        digits = compact(name)
        bare = not digits.startswith(("+", "00"))
        if bare and len(digits) in _SHORT:
            return Originator(digits, OriginatorKind.SHORT_CODE)
        if len(digits) < _SHORT.start:
            raise InvalidOriginator(text, f"too short: a short code has {_SHORT.start} digits or more")
        msisdn = normalise(digits, check=Check.SHAPE)
    except InvalidNumber as error:
        raise InvalidOriginator(text, error.reason) from error
    if bare and len(digits) in SHORT_UNLESS_VALID and type_of(digits) is NumberType.UNKNOWN:
        return Originator(digits, OriginatorKind.SHORT_CODE)
    return Originator(msisdn, OriginatorKind.MSISDN)


def ton_npi(originator: Originator) -> tuple[int, int]:
    """Return SMPP's TON and NPI: (1, 1) for an MSISDN, (3, 0) for a short code, (5, 0) for a name. See `_TON_NPI`."""
    return _TON_NPI[originator.kind]


def _name(text: str, name: str) -> str:
    if name.startswith("+"):
        raise InvalidOriginator(text, "begins with a plus but is not a number")
    for character in name:
        if character not in CHARACTERS:
            raise InvalidOriginator(
                text, f"contains {character!r}: a sender's name has plain letters, digits, spaces and punctuation"
            )
    if len(name) > MAX_CHARACTERS:
        raise InvalidOriginator(text, f"{len(name)} characters: a sender's name has at most {MAX_CHARACTERS}")
    return name
