"""A number written as it is dialled from some country is that number, or refused; it is never anybody else's."""

from __future__ import annotations

import itertools
import re
from functools import cache

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phonenumbers import CountryCodeSource, PhoneMetadata, PhoneNumberFormat, PhoneNumberType

from heliograph.numbers import InvalidNumber, normalise, normalise_many

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
SEVERAL = {"HK", "BO"}
"""Where one prefix begins another (00 and 001, 00 and 0010): some numbers can be dialled to two places."""


def prefix_of(region: str) -> str:
    return PhoneMetadata.metadata_for_region(region).international_prefix


@cache
def dialled_somewhere() -> list[str]:
    """What is dialled in any region to call abroad: all of up to five digits, and some of the longer ones, which name a
    carrier."""
    long = ["14110011", "14880011", "1110000", "1799900", "191100", "197700", "199000"]
    short = ("".join(digits) for size in range(1, 6) for digits in itertools.product("0123456789", repeat=size))
    of_any = re.compile("|".join(f"(?:{prefix_of(region)})" for region in REGIONS))
    return [digits for digits in itertools.chain(short, long) if of_any.fullmatch(digits)]


@cache
def prefixes(pattern: str) -> list[str]:
    return [digits for digits in dialled_somewhere() if re.fullmatch(pattern, digits)]


def read(text: str, region: str) -> str | None:
    try:
        return normalise(text, region=region)
    except InvalidNumber:
        return None


def msisdn_of(theirs: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(theirs, PhoneNumberFormat.E164).removeprefix("+")


@pytest.fixture(scope="session")
def numbers(examples) -> list[str]:
    """Of every country and type."""
    found = {number for several in examples.values() for number in several}
    return sorted(number for number in found if len(number) >= 7 and phonenumbers.is_valid_number(_parsed(number)))


@pytest.fixture(scope="session")
def mobiles() -> list[phonenumbers.PhoneNumber]:
    kinds = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)
    found = (phonenumbers.example_number_for_type(region, kind) for region in REGIONS for kind in kinds)
    return [number for number in found if number is not None and len(msisdn_of(number)) >= 7]


def _parsed(number: str) -> phonenumbers.PhoneNumber:
    return phonenumbers.parse(f"+{number}")


@pytest.mark.parametrize("region", REGIONS)
def test_every_number_is_read_after_every_international_prefix_of_every_region(region, numbers):
    for prefix in prefixes(prefix_of(region)):
        outcome = normalise_many([prefix + number for number in numbers], region=region)
        undecided = {row.index for row in outcome.invalid}
        assert outcome.msisdns == [number for index, number in enumerate(numbers) if index not in undecided]
        assert not undecided or region in SEVERAL
        assert len(undecided) < len(numbers) / 5
        assert all(row.reason.startswith("can be a number of +") for row in outcome.invalid)


@pytest.mark.parametrize("region", REGIONS)
def test_every_number_is_read_in_its_out_of_country_form_of_every_region(region, mobiles):
    for theirs in mobiles:
        text = phonenumbers.format_out_of_country_calling_number(theirs, region)
        ours = read(text, region)
        assert ours == msisdn_of(theirs) or (ours is None and region in SEVERAL)


@pytest.mark.parametrize("region", REGIONS)
def test_a_national_form_stays_national(region):
    for kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE):
        theirs = phonenumbers.example_number_for_type(region, kind)
        if theirs is not None and len(msisdn_of(theirs)) >= 7:
            assert read(phonenumbers.format_number(theirs, PhoneNumberFormat.NATIONAL), region) == msisdn_of(theirs)


def valid_as_dialled(text: str, region: str) -> str | None:
    """The number that phonenumbers finds after an international prefix of the region, if it is a valid one."""
    try:
        theirs = phonenumbers.parse(text, region, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None
    dialled = theirs.country_code_source == CountryCodeSource.FROM_NUMBER_WITH_IDD
    return msisdn_of(theirs) if dialled and phonenumbers.is_valid_number(theirs) else None


dialled = st.builds(
    lambda prefix, code, rest: f"{prefix}{code}{rest}",
    st.deferred(lambda: st.sampled_from(sorted({*dialled_somewhere(), "00", "0"}))),
    st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)),
    st.text("0123456789", min_size=5, max_size=11),
)


@settings(max_examples=2000, deadline=None)
@given(dialled, st.sampled_from(REGIONS))
@example("0015105550123", "DE")
@example("00687751234", "FR")
@example("0015062345678", "CN")
@example("0012687751234", "BR")
@example("002687751234", "KR")
def test_what_begins_with_an_international_prefix_is_never_read_as_national(text, region):
    theirs = valid_as_dialled(text, region)
    assert theirs is None or read(text, region) in {theirs, None}


def test_no_international_prefix_has_more_digits_than_are_looked_at():
    widths = {re._parser.parse(prefix_of(region)).getwidth()[1] for region in REGIONS}  # type: ignore[attr-defined]
    assert max(widths) == 8


ABROAD = [
    ("DE", "001 512 555 1234", "15125551234"),
    ("FR", "00687751234", "687751234"),
    ("CN", "0015062345678", "15062345678"),
    ("BR", "0012 1 512 555 1234", "15125551234"),  # by the carrier 12
    ("BR", "00 1 512 555 1234", "15125551234"),  # 0015 is a carrier's, too, but then it is no number
    ("KR", "002 1 512 555 1234", "15125551234"),
    ("KR", "00700 1 512 555 1234", "15125551234"),
    ("AU", "00 1 512 555 1234", "15125551234"),
    ("RU", "8~10 1 512 555 1234", "15125551234"),  # 8, wait for the tone, 10
    ("TD", "1650 555 1234", "16505551234"),  # 16 is Chad's prefix, but then it is no number
    ("JP", "00777-5012", "8100777" + "5012"),  # toll-free in Japan
    ("JP", "00 33 6 12 34 56 78", "33612345678"),
    ("US", "00 1 512 555 1234", "15125551234"),
]


@pytest.mark.parametrize(("region", "text", "msisdn"), ABROAD)
def test_what_is_dialled_abroad_is_read(region, text, msisdn):
    assert normalise(text, region=region) == msisdn


NOBODY = [
    ("DE", "001 512 555 123", "+1 has no numbers with 9 digits after the country code"),  # no 0151 255 5123
    ("DE", "000151 12345678", "begins with 0 where the country code should be"),
    ("JP", "00 90 1234 5678", "Türkiye (+90) has no numbers with 8 digits after the country code"),  # no 090 1234 5678
    ("HU", "06 06 20 123 4567", "has the trunk prefix twice"),
    ("HK", "001 65 8234 5678", "can be a number of +65 and +1: write it with a plus and its country code"),
    ("IN", "1860 345 1234", "can be a number of +91 and +1: write it with a plus and its country code"),
]


@pytest.mark.parametrize(("region", "text", "reason"), NOBODY)
def test_what_has_no_one_meaning_is_refused(region, text, reason):
    with pytest.raises(InvalidNumber) as refused:
        normalise(text, region=region)
    assert refused.value.reason == reason
