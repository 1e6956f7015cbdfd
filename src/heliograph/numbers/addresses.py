"""Addresses as networks hand them over: who wrote an inbound message, and to whom.

Inside Heliograph an address is one text: the bare digits of an MSISDN or of a short code, a name as it was written, or
nothing for a sender who is not shown. `read_address` makes it, once, where a message comes in. What is compared later
(opt-outs, conversations, members of groups) sees that form alone, and `with_plus` is how every door writes it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from heliograph.numbers.number import MAX_DIGITS, MIN_DIGITS, Check, InvalidNumber, type_of
from heliograph.numbers.originators import MAX_CHARACTERS, SHORT_UNLESS_VALID
from heliograph.numbers.plans import TEXTABLE, NumberType
from heliograph.numbers.reading import normalise
from heliograph.numbers.spelling import compact

#: Characters of an address. GSM's alphanumeric address has at most 11 and SMPP's source_addr 20; what messengers and
#: mail gateways put there is longer.
MAX_ADDRESS = 64

_LOOKED_AT = 4 * MAX_ADDRESS
_NO_PART_OF_A_NUMBER = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Me"})
_REPLACEMENT = "\ufffd"
_ANGLE_BRACKETS = str.maketrans("", "", "<>")


def read_address(text: str, *regions: str | None) -> str:
    """Read the address of an inbound message, whatever a provider wrote; never fails.

    - A number becomes its MSISDN: +33 6 12 34 56 78, 0033612345678 and 33612345678 are one. Digits without a plus are
      international before they are national, because that is what networks hand over; `regions` (ISO 3166-1 alpha-2,
      the likeliest first) say whose national numbers they can be.
    - 3 to 6 digits are a short code, and so are 7 or 8 that are in no plan: as in `parse_originator`.
    - Everything else is a name, and stays as it is but for what can't be seen. So does a number that says no country:
      nobody can know whose it is. A name longer than GSM's 11 characters loses angle brackets, and ends after
      MAX_ADDRESS characters.
    """
    text = text[:_LOOKED_AT]
    try:
        digits = compact(_visible(text))
    except InvalidNumber:
        return _name(text)
    bare = digits.removeprefix("+")
    if bare[0] == "0":
        digits = bare  # no country's code begins with 0: somebody has put a plus before whatever there was
    if len(bare) < MIN_DIGITS:
        return bare
    return _msisdn(digits, regions) or bare[:MAX_ADDRESS]


def is_msisdn(address: str) -> bool:
    """Say whether an address that was read is a phone number: only those can be answered, opt out, or be in a group."""
    if not (MIN_DIGITS <= len(address) <= MAX_DIGITS and address.isascii() and address.isdigit()) or address[0] == "0":
        return False
    return len(address) not in SHORT_UNLESS_VALID or type_of(address) is not NumberType.UNKNOWN


def with_plus(address: str) -> str:
    """Write an address or an originator as doors do: with a plus if it is a phone number, else as it is."""
    return f"+{address}" if is_msisdn(address) else address


def _msisdn(digits: str, regions: tuple[str | None, ...]) -> str | None:
    best = min(_readings(digits, regions), key=_rank, default=None)
    if digits[0] not in "+0" and len(digits) in SHORT_UNLESS_VALID and (best is None or _rank(best) == _UNKNOWN):
        return None
    return best or _international(digits, Check.SHAPE)  # operators number their own equipment outside of public plans


def _readings(digits: str, regions: tuple[str | None, ...]) -> Iterator[str]:
    if (international := _international(digits, Check.POSSIBLE)) is not None:
        yield international
    for region in regions:
        if region is not None and (national := _normalised(digits, region, Check.POSSIBLE)) is not None:
            yield national


def _international(digits: str, check: Check) -> str | None:
    return _normalised(digits if digits[0] == "+" else f"+{digits.removeprefix('00')}", None, check)


def _normalised(digits: str, region: str | None, check: Check) -> str | None:
    try:
        return normalise(digits, region=region, check=check)
    except InvalidNumber:
        return None


_UNKNOWN = 2


def _rank(msisdn: str) -> int:
    """Rank a number: 0 if it usually can write a text, 1 if it is valid otherwise, 2 if it is only possible."""
    type_ = type_of(msisdn)
    return 0 if type_ in TEXTABLE else 1 if type_ is not NumberType.UNKNOWN else _UNKNOWN


def _visible(text: str) -> str:
    return "".join(
        " " if each.isspace() else each
        for each in text
        if each.isspace() or (unicodedata.category(each) not in _NO_PART_OF_A_NUMBER and each != _REPLACEMENT)
    )


def _name(text: str) -> str:
    seen = "".join(" " if each.isspace() else each for each in text if each.isspace() or each.isprintable()).strip()
    return seen if len(seen) <= MAX_CHARACTERS else seen.translate(_ANGLE_BRACKETS)[:MAX_ADDRESS].strip()
