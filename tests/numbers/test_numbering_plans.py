"""Our tables say what phonenumbers says: whether a number is possible and valid, where it is from, what it is for.

It is asked about every example number of every region and type, about each of them with one digit dropped, added
or changed or with a trunk prefix in front, and about digits at random.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumberType

from heliograph.numbers import Check, InvalidNumber, NumberType, normalise, parse
from heliograph.numbers.plans import split

TYPES = {
    PhoneNumberType.FIXED_LINE: NumberType.FIXED,
    PhoneNumberType.MOBILE: NumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberType.FIXED_OR_MOBILE,
    PhoneNumberType.TOLL_FREE: NumberType.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: NumberType.PREMIUM,
    PhoneNumberType.SHARED_COST: NumberType.SHARED_COST,
    PhoneNumberType.VOIP: NumberType.VOIP,
    PhoneNumberType.PERSONAL_NUMBER: NumberType.PERSONAL,
    PhoneNumberType.PAGER: NumberType.PAGER,
    PhoneNumberType.UAN: NumberType.UAN,
    PhoneNumberType.VOICEMAIL: NumberType.VOICEMAIL,
    PhoneNumberType.UNKNOWN: NumberType.UNKNOWN,
}


def in_their_words(digits: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None


def msisdn_of(theirs: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(theirs, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


#: What they know no longer: the prefixes of Mexico until 2019.
FORMER = re.compile(r"\A52(?:01|04[45]|1)(?=[2-9][0-9]{9}\Z)")


def agree(digits: str) -> None:
    """Assert that phonenumbers and we read the same from `digits`, 7 to 15 of them and not +999."""
    theirs = in_their_words(FORMER.sub("52", digits))
    try:
        ours = parse(f"+{digits}", check=Check.SHAPE)
    except InvalidNumber:
        # Only a trunk prefix can have been too much: without it the number is shorter than we take.
        assert theirs is not None
        assert len(msisdn_of(theirs)) < 7
        return
    if theirs is None:
        assert (ours.msisdn, ours.possible, ours.valid, ours.country) == (digits, False, False, None)
        return
    valid = phonenumbers.is_valid_number(theirs)
    if msisdn_of(in_their_words(msisdn_of(theirs)) or theirs) != msisdn_of(theirs):
        # A second prefix would come off when they read their own result. We then leave both on: reading what
        # was read must change nothing. Such a number is valid to neither.
        assert (ours.msisdn, ours.valid, valid) == (digits, False, False)
        return
    region = phonenumbers.region_code_for_number(theirs)
    assert (ours.msisdn, ours.possible, ours.valid, ours.country, ours.type) == (
        msisdn_of(theirs),
        phonenumbers.is_possible_number(theirs),
        valid,
        None if region == "001" else region,
        TYPES[phonenumbers.number_type(theirs)],
    )


def variations(msisdn: str) -> Iterator[str]:
    """`msisdn` itself, and with one digit dropped, added or changed at every place, and with trunk prefixes."""
    yield msisdn
    for place in range(1, len(msisdn)):
        before, here, after = msisdn[:place], msisdn[place], msisdn[place + 1 :]
        yield before + after
        yield f"{before}{place % 10}{here}{after}"
        yield f"{before}{(int(here) + 1) % 10}{after}"
        yield f"{before}{(int(here) + 5) % 10}{after}"
    code, national = split(msisdn)
    for prefix in ("0", "1", "8", "06", "01", "15"):
        yield f"{code.code}{prefix}{national}"


def test_the_plans_agree_with_phonenumbers(country_examples):
    for example in country_examples:
        for digits in variations(example):
            if 7 <= len(digits) <= 15 and not digits.startswith("999"):
                agree(digits)


calling_codes = st.sampled_from(sorted(map(str, COUNTRY_CODE_TO_REGION_CODE)))
numbers = st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True)
numbers_of_countries = st.builds(str.__add__, calling_codes, st.text("0123456789", min_size=6, max_size=12))


@settings(max_examples=1500, deadline=None)
@given(st.one_of(numbers, numbers_of_countries).filter(lambda digits: digits[:3] != "999"))
def test_the_plans_agree_with_phonenumbers_about_any_digits(digits):
    agree(digits)


def test_valid_numbers_are_possible(country_examples):
    for example in country_examples:
        if 7 <= len(example) <= 15:
            number = parse(f"+{example}")
            assert number.possible
            assert number.valid


MOBILES = {
    region: example
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    if (example := phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)) is not None
}


@pytest.mark.parametrize(("region", "theirs"), MOBILES.items(), ids=MOBILES.keys())
def test_a_mobile_number_of_a_region_is_read_there_in_each_of_its_forms(region, theirs):
    msisdn = msisdn_of(theirs)
    national = phonenumbers.format_number(theirs, phonenumbers.PhoneNumberFormat.NATIONAL)
    for text in (national, msisdn, f"00{msisdn}", f"+{msisdn}"):
        assert normalise(text, region=region, check=Check.VALID) == msisdn
