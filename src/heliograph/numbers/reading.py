"""From what people and programs write to the bare MSISDN: one number at a time, or a list of 25,000.

What is ignored: spaces of every kind, dashes, dots, brackets, and the invisible marks that come along when a
number is copied from a contact. Full-width digits and plus count as the ordinary ones. Everything else is
refused, letters above all: a vanity number, an extension or a name in the wrong column is for a person to fix.

A text can mean several numbers. With a plus it has one reading, and without `region` too: international, after 00
if it begins so. With `region` there are up to three, in this order:

1. a national number of that region, with or without the trunk prefix (the 0 of 06 12 34 56 78);
2. an international number: what follows 00, or the whole text unless it begins with 0;
3. an international number after the digits dialled from there to call abroad (011 from the USA).

The best reading wins, the earlier of equals: a valid number that a text can usually reach (mobile, fixed or
mobile, test) before another valid one, and that before one that is only possible. So bare digits are a national
number if they make a mobile number there, else an international one if they make a mobile number anywhere, and
only then whatever else is valid. Without that step a German account could not give its own numbers in full:
4915112345678 is a mobile number of Germany, but the fixed numbers of Germany come in so many lengths that to
phonenumbers the same digits are also one of those, within the country.

If no reading is even possible, the last one stands, and gives the reason. The check takes no part in the choice,
it can only refuse the outcome: a stricter check never turns a text into another number. Some digits are ambiguous
for good (15062345678 is a mobile number both in China and, as +1 506, in Canada); whoever knows the country code
should write the plus.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

from heliograph.numbers.number import (
    MAX_DIGITS,
    MIN_DIGITS,
    Check,
    InvalidNumber,
    InvalidRow,
    NormalisedMany,
    PhoneNumber,
)
from heliograph.numbers.plans import (
    TEXTABLE,
    CallingCode,
    NumberType,
    RegionPlan,
    calling_code,
    region_plan,
    split,
)

_SPACES = " \t\n\v\f\r\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_DASHES = "-\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_DOTS = ".\u00b7\u2024\uff0e"
_BRACKETS = "()[]\uff08\uff09\uff3b\uff3d"
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
_TRANSLATION: dict[int, str | None] = {
    **dict.fromkeys(map(ord, _SPACES + _DASHES + _DOTS + _BRACKETS + _INVISIBLE)),
    ord("\uff0b"): "+",
    **{0xFF10 + digit: str(digit) for digit in range(10)},
}


class _Reading(NamedTuple):
    code: CallingCode
    national: str

    @property
    def msisdn(self) -> str:
        return self.code.code + self.national


def parse(text: str, *, region: str | None = None, check: Check = Check.POSSIBLE) -> PhoneNumber:
    """Read one phone number: `+33 6 12 34 56 78`, `0033612345678`, `33612345678`, or `06 12 34 56 78` with a region.

    `region` is the ISO 3166-1 alpha-2 code of the country whose national form is understood. The head of this
    module says how a text is read that could be national or international. A trunk prefix written after the
    calling code, as in +33 (0)6, is taken off.

    Reading the `e164` of what is returned gives the same number again.

    Raises InvalidNumber if the text is not a number or fails `check`, ValueError if there is no such region.
    """
    reading = _accepted(text, region, check)
    country, type_ = reading.code.classify(reading.national)
    return PhoneNumber(
        msisdn=reading.msisdn,
        country=country,
        type=type_,
        possible=reading.code.is_possible(reading.national),
        valid=type_ is not NumberType.UNKNOWN,
    )


def normalise(text: str, *, region: str | None = None, check: Check = Check.POSSIBLE) -> str:
    """The MSISDN of `parse(text, ...)`, without working out the rest. Raises the same."""
    return _accepted(text, region, check).msisdn


def normalise_many(texts: Sequence[str], *, region: str | None = None, check: Check = Check.POSSIBLE) -> NormalisedMany:
    """`normalise` for a whole list, without stopping at those it refuses.

    A number of a country that was not met before costs the building of its plan, some milliseconds once a
    process; after that a number takes a few microseconds, whatever countries the list mixes.

    Raises ValueError if there is no such region, for an empty list too.
    """
    home = _home(region)
    msisdns: list[str] = []
    invalid: list[InvalidRow] = []
    for index, text in enumerate(texts):
        try:
            reading = _read(text, home)
        except InvalidNumber as error:
            invalid.append(InvalidRow(index, text, error.reason))
            continue
        reason = _refusal(reading, check)
        if reason is None:
            msisdns.append(reading.msisdn)
        else:
            invalid.append(InvalidRow(index, text, reason))
    return NormalisedMany(msisdns, invalid)


def compact(text: str) -> str:
    """`text` as ASCII digits, with a plus in front if it had one. Raises InvalidNumber if there is more in it."""
    if text.isascii() and text.isdigit():
        return text
    bare = text.translate(_TRANSLATION)
    digits = bare.removeprefix("+")
    if digits.isascii() and digits.isdigit():
        return bare
    raise InvalidNumber(text, _why_not_digits(bare))


def _why_not_digits(bare: str) -> str:
    for character in bare:
        if character != "+" and not (character.isascii() and character.isdigit()):
            return f"contains {character!r}, which is no part of a phone number"
    if "+" in bare[1:]:
        return "a plus can only stand at the beginning"
    return "contains no digits"


def _home(region: str | None) -> RegionPlan | None:
    return None if region is None else region_plan(region)


def _accepted(text: str, region: str | None, check: Check) -> _Reading:
    reading = _read(text, _home(region))
    reason = _refusal(reading, check)
    if reason is not None:
        raise InvalidNumber(text, reason)
    return reading


def _read(text: str, home: RegionPlan | None) -> _Reading:
    digits = compact(text)
    if digits[0] == "+":
        return _international(digits[1:])
    if home is not None:
        return _best(_readings(digits, home))
    if digits[:2] == "00" and len(digits) > 2:
        return _international(digits[2:])
    if digits[0] == "0":
        raise InvalidNumber(text, "begins with 0: write it with its country code, or say which country it is from")
    return _international(digits)


def _readings(digits: str, home: RegionPlan) -> Iterator[_Reading]:
    """What `digits`, written without a plus, can mean to somebody in the region of `home`; at least one reading."""
    code = calling_code(home.calling_code)
    yield _Reading(code, code.canonical(home.without_trunk_prefix(digits)))
    if digits[:2] == "00" and len(digits) > 2:
        yield _international(digits[2:])
    elif digits[0] != "0":
        yield _international(digits)
    abroad = home.without_international_prefix(digits)
    if abroad:
        yield _international(abroad)


def _international(digits: str) -> _Reading:
    code, national = split(digits)
    return _Reading(code, code.canonical(national))


def _best(readings: Iterator[_Reading]) -> _Reading:
    ranked: list[tuple[int, _Reading]] = []
    for reading in readings:
        rank = _rank(reading)
        if rank == 0:
            return reading
        ranked.append((rank, reading))
    rank, best = min(ranked, key=itemgetter(0))  # the first of equals
    return ranked[-1][1] if rank == _IMPOSSIBLE else best


_IMPOSSIBLE = 3


def _rank(reading: _Reading) -> int:
    """0 for a number that a text can usually reach, 1 for another valid one, 2 for a possible one, else 3."""
    code, national = reading
    if not (code.is_possible(national) and MIN_DIGITS <= len(code.code) + len(national) <= MAX_DIGITS):
        return _IMPOSSIBLE
    type_ = code.classify(national)[1]
    if type_ in TEXTABLE:
        return 0
    return 2 if type_ is NumberType.UNKNOWN else 1


def _refusal(reading: _Reading, check: Check) -> str | None:
    """Why `reading` does not pass `check`, None if it does."""
    code, national = reading
    # The country's own lengths first: "too short for France" tells a person more than the bounds of E.164.
    if check != Check.SHAPE and not code.is_possible(national):
        return code.why_impossible(national)
    length = len(code.code) + len(national)
    if not MIN_DIGITS <= length <= MAX_DIGITS:
        return f"{length} digits: an international number has {MIN_DIGITS} to {MAX_DIGITS}"
    if not code.code and national[0] == "0":
        return code.why_impossible(national)
    if check == Check.VALID and code.classify(national)[1] is NumberType.UNKNOWN:
        return code.why_invalid()
    return None
