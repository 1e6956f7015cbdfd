"""What is known about a number once it has been read."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from phonenumbers import SUPPORTED_REGIONS

from heliograph.numbers import (
    COUNTRIES,
    UNNUMBERED,
    Check,
    NumberType,
    country_of,
    is_test_number,
    normalise,
    parse,
    region_named,
    type_of,
)

KNOWN = [
    ("33612345678", "FR", NumberType.MOBILE),
    ("33123456789", "FR", NumberType.FIXED),
    ("12125550123", "US", NumberType.FIXED_OR_MOBILE),
    ("15062345678", "CA", NumberType.FIXED_OR_MOBILE),
    ("18762101234", "JM", NumberType.MOBILE),
    ("18002345678", "US", NumberType.TOLL_FREE),
    ("447400123456", "GB", NumberType.MOBILE),
    ("447797712345", "JE", NumberType.MOBILE),
    ("447640123456", "GB", NumberType.PAGER),
    ("445612345678", "GB", NumberType.VOIP),
    ("447012345678", "GB", NumberType.PERSONAL),
    ("79123456789", "RU", NumberType.MOBILE),
    ("77710009998", "KZ", NumberType.MOBILE),
    ("390212345678", "IT", NumberType.FIXED),
    ("390669812345", "VA", NumberType.FIXED),
    ("4790012345", "NO", NumberType.MOBILE),
    ("4917012345678", "DE", NumberType.MOBILE),
    ("33891123456", "FR", NumberType.PREMIUM),
    ("33806123456", "FR", NumberType.UAN),
    ("33884012345", "FR", NumberType.SHARED_COST),
    ("38344123456", "XK", NumberType.MOBILE),
    ("6834002", "NU", NumberType.FIXED),
    ("80012345678", None, NumberType.TOLL_FREE),  # international freephone
    ("881612345678", None, NumberType.MOBILE),  # a satellite phone
    ("9991234567", None, NumberType.TEST),
    ("33000000000", "FR", NumberType.UNKNOWN),  # nobody's, but France has +33 to itself
    ("17551234567", None, NumberType.UNKNOWN),  # nobody's, and +1 is shared
    ("2101234567", None, NumberType.UNKNOWN),
]


@pytest.mark.parametrize(("msisdn", "country", "type_"), KNOWN)
def test_country_and_type_are_known_from_the_number(msisdn, country, type_):
    number = parse(msisdn, check=Check.SHAPE)
    assert (number.country, number.type) == (country, type_)
    assert (country_of(msisdn), type_of(msisdn)) == (country, type_)


@pytest.mark.parametrize("text", ["", "1", "+33612345678", "Heliograph", "0612345678", "٣٣٦١٢٣٤٥٦٧٨", "3" * 16])
def test_what_is_not_an_msisdn_has_no_country_and_no_type(text):
    assert country_of(text) is None
    assert type_of(text) is NumberType.UNKNOWN


DISPLAYED = [
    ("33612345678", "06 12 34 56 78", "+33 6 12 34 56 78"),
    ("12125550123", "(212) 555-0123", "+1 212-555-0123"),
    ("390212345678", "02 1234 5678", "+39 02 1234 5678"),
    ("5491123456789", "011 15-2345-6789", "+54 9 11 2345-6789"),
    ("80012345678", "1234 5678", "+800 1234 5678"),
    ("9991234567", "+9991234567", "+9991234567"),  # of no country, so in no country's style
    ("2101234567", "+2101234567", "+2101234567"),
]


@pytest.mark.parametrize(("msisdn", "national", "international"), DISPLAYED)
def test_a_number_is_displayed_as_people_write_it(msisdn, national, international):
    number = parse(msisdn, check=Check.SHAPE)
    assert (number.national, number.international) == (national, international)
    assert number.e164 == f"+{msisdn}"


@given(st.integers(0, 8), st.integers(0, 99999))
def test_displaying_a_number_loses_no_digit_not_even_leading_zeros(zeros, digits):
    number = parse(f"+39{'0' * zeros}{digits}".ljust(9, "0"), check=Check.SHAPE)
    assert normalise(number.international, check=Check.SHAPE) == number.msisdn


@pytest.mark.parametrize("length", range(4, 13))
@pytest.mark.parametrize("check", Check)
def test_999_and_4_to_12_digits_is_a_test_number_under_every_check(length, check):
    number = parse("+999" + "0" * length, check=check)
    assert (number.type, number.country) == (NumberType.TEST, None)
    assert number.valid
    assert number.possible
    assert is_test_number(number.msisdn)


@pytest.mark.parametrize("text", ["999", "999123", "9" * 16, "33612345678", "998901234567", "+9991234567", "999abcd"])
def test_nothing_else_is_a_test_number(text):
    assert not is_test_number(text)


def test_every_region_has_a_name_to_tell_people():
    assert set(COUNTRIES) == set(SUPPORTED_REGIONS)


def test_with_the_places_that_have_no_numbers_these_are_the_countries_of_iso_3166():
    table = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    theirs = {line[:2] for line in table.splitlines() if line and not line.startswith("#")}
    assert (set(COUNTRIES) | UNNUMBERED) - {"AC", "TA", "XK"} == theirs
    assert not set(COUNTRIES) & UNNUMBERED


@given(st.sampled_from(sorted(COUNTRIES)), st.sampled_from([str.upper, str.lower, str.title, " {} ".format]))
def test_a_region_is_named_in_letters_of_either_case(region, spelling):
    assert region_named(spelling(region)) == region


@given(st.one_of(st.text(), st.sampled_from(["", "UK", "FRA", "AQ", "\u017fk", "\ufb01", "\u0131t", "default"])))
def test_what_names_no_region_names_none(text):
    assume(not text.isascii() or text.strip().upper() not in COUNTRIES)
    assert region_named(text) is None


def test_importing_the_room_does_not_load_phonenumbers():
    code = "import sys, heliograph.numbers; sys.exit('phonenumbers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
