"""From what people and programs write to the bare MSISDN: one number at a time, or a list of 25,000.

How a number may be spelled is in `spelling.py`; here is what its digits mean. A plus always wins: what follows it is an
international number, whatever the region. Without a plus and without `region` a text is international too, after 00 if
it begins so.

With `region` there are three kinds of text without a plus:

1. What begins with an international prefix of the region (00; 011 from the USA; 0015 from Brazil, 15 being a carrier)
   is an international number and has no national reading, for whoever dials it there is connected abroad. The longest
   prefix is tried first; where two leave a valid number each (Hong Kong has 00 and 001), nobody can say which is meant,
   and the text is refused. If none leaves a valid number, the text may still be an international number without a
   prefix (in Chad, whose prefix is 16, 16505551234), or after the 00 that people know everywhere.
2. What begins with 00 otherwise is a valid national number (0077 in Japan), or else an international one.
3. Everything else is a national number, with or without the trunk prefix (the 0 of 06 12 34 56 78), or an international
   one. The better of the two wins, the national of equals: a valid number that a text can usually reach (mobile, fixed
   or mobile, test) before another valid one, and that before one that is only possible. Without that step a German
   account could not give its own numbers in full: 4915112345678 is a mobile number of Germany, but the fixed numbers of
   Germany come in so many lengths that to phonenumbers the same digits are also one of those, within the country. Only
   where they are how a service's number is written there (1860 345 1234 in India) nobody can say, and they are refused.

A trunk prefix is taken off once: 0 0151 … is no way to write 0151 …, in most countries it is the beginning of 001 51 ….

If no reading is even possible, the international one stands, and gives the reason. The check takes no part in the
choice, it can only refuse the outcome: a stricter check never turns a text into another number. Some digits are
ambiguous for good (15062345678 is a mobile number both in China and, as +1 506, in Canada); whoever knows the country
code should write the plus.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from heliograph.numbers.spelling import compact


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
    """Return the MSISDN of `parse(text, ...)`, without working out the rest. Raises the same errors."""
    return _accepted(text, region, check).msisdn


def normalise_many(texts: Sequence[str], *, region: str | None = None, check: Check = Check.POSSIBLE) -> NormalisedMany:
    """Apply `normalise` to a whole list, without stopping at the texts it refuses.

    A number of a country that was not met before costs the building of its plan, some milliseconds once a process;
    after that a number takes a few microseconds, whatever countries the list mixes.

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
        return _read_in(home, digits, text)
    if digits[:2] == "00" and len(digits) > 2:
        return _international(digits[2:])
    if digits[0] == "0":
        raise InvalidNumber(text, "begins with 0: write it with its country code, or say which country it is from")
    return _international(digits)


def _read_in(home: RegionPlan, digits: str, text: str) -> _Reading:
    """Read what `digits`, written without a plus, mean to somebody in the region of `home`."""
    dialled = home.after_international_prefix(digits)
    if dialled:
        return _dialled([_international(rest) for rest in dialled], digits, text)
    national = _national(home, digits)
    if digits[:2] == "00" and len(digits) > 2:
        return national if national is not None and _rank(national) <= _VALID else _international(digits[2:])
    if digits[0] != "0":
        return _better(home, national, digits, text)
    if national is None:
        raise InvalidNumber(text, "has the trunk prefix twice")
    return national


def _national(home: RegionPlan, digits: str) -> _Reading | None:
    """Read `digits` as a national number of `home`; None if a second trunk prefix would come off.

    Written with a plus, such a number would be read as another one.
    """
    code = calling_code(home.calling_code)
    national = home.without_trunk_prefix(digits)
    return _Reading(code, national) if code.canonical(national) == national else None


def _dialled(readings: list[_Reading], digits: str, text: str) -> _Reading:
    """Choose the valid one of `readings`, which follow international prefixes; else read `digits` without a prefix.

    Raises InvalidNumber if several are valid, for nobody can say which is meant.
    """
    valid = [reading for reading in readings if _rank(reading) <= _VALID]
    if len(valid) > 1:
        raise _undecided(text, valid)
    without = digits.removeprefix("00")
    if not valid and without[0] != "0":
        valid = [reading for reading in [_international(without)] if _rank(reading) <= _VALID]
    possible = (reading for reading in readings if _rank(reading) <= _POSSIBLE)
    return valid[0] if valid else next(possible, readings[-1])


def _better(home: RegionPlan, national: _Reading | None, digits: str, text: str) -> _Reading:
    """Choose between `national` and `digits` as an international number: the national one if they are equally good.

    The international one stands if neither is possible. Raises InvalidNumber where nobody can say which is meant.
    """
    rank = _IMPOSSIBLE if national is None else _rank(national)
    if national is not None and rank == _TEXTABLE:
        return national
    international = _international(digits)
    if national is None or rank == _IMPOSSIBLE:
        return international
    theirs = _rank(international)
    if rank == _VALID and theirs == _TEXTABLE and home.is_service_without_trunk_prefix(national.national):
        raise _undecided(text, [national, international])
    return national if rank <= theirs else international


def _undecided(text: str, readings: list[_Reading]) -> InvalidNumber:
    codes = " and ".join(f"+{reading.code.code}" for reading in readings)
    return InvalidNumber(text, f"can be a number of {codes}: write it with a plus and its country code")


def _international(digits: str) -> _Reading:
    code, national = split(digits)
    return _Reading(code, code.canonical(national))


_TEXTABLE, _VALID, _POSSIBLE, _IMPOSSIBLE = range(4)


def _rank(reading: _Reading) -> int:
    """Rank a reading: 0 if a text can usually reach it, 1 if valid otherwise, 2 if only possible, 3 if impossible."""
    code, national = reading
    if not (code.is_possible(national) and MIN_DIGITS <= len(code.code) + len(national) <= MAX_DIGITS):
        return _IMPOSSIBLE
    type_ = code.classify(national)[1]
    if type_ in TEXTABLE:
        return _TEXTABLE
    return _POSSIBLE if type_ is NumberType.UNKNOWN else _VALID


def _refusal(reading: _Reading, check: Check) -> str | None:
    """Say why `reading` does not pass `check`; None if it does."""
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
