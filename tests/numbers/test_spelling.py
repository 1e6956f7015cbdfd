"""What address books, phones, spreadsheets and scripts make of a number, and what is left of it."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.numbers import InvalidNumber, normalise
from heliograph.numbers.digits import ascii_digits

WRITTEN = [
    # region, as written, MSISDN
    ("DE", "0151/23456789", "4915123456789"),
    ("DE", "04312 / 777 777", "494312777777"),
    ("DE", "030/123456", "4930123456"),
    ("DE", "033201/12345", "493320112345"),
    ("DE", "+49 (0)151/23456789", "4915123456789"),
    ("DE", "0049/151/23456789", "4915123456789"),
    (None, "+49/151/2345-6789", "4915123456789"),
    ("AT", "0664\u20441234567", "436641234567"),  # the slash of fractions
    ("FR", "06/12/34/56/78", "33612345678"),
    ("FR", "+33 6/12/34/56/78", "33612345678"),
    ("US", "212/555-0123", "12125550123"),
    ("US", "212/555/0123", "12125550123"),
    ("FR", "06.12.34.56.78", "33612345678"),
    ("FR", "06.12.34.56.00", "33612345600"),
    ("DE", "0151.23456789", "4915123456789"),
    (None, "+33.612345678", "33612345678"),  # as domain registries write numbers (RFC 5733)
    ("JP", "090\u30fc1234\u30fc5678", "819012345678"),  # the dash of a Japanese keyboard
    ("RU", "8~10 33 6 12 34 56 78", "33612345678"),
]
URIS = [
    (None, "tel:+33612345678", "33612345678"),
    (None, "TEL:+49-151-2345-6789", "4915123456789"),
    (None, "tel://+4915123456789", "4915123456789"),
    (None, "tel:%2B4915123456789", "4915123456789"),
    (None, "tel:+49%20151%2023456789", "4915123456789"),
    ("DE", "tel:0151-23456789", "4915123456789"),
    (None, "tel:0151-23456789;phone-context=+49", "4915123456789"),
    ("DE", "tel:0151-23456789;phone-context=example.com", "4915123456789"),
    ("US", "tel:+49-151-23456789;phone-context=+1", "4915123456789"),
    (None, "tel:+33612345678;verstat=TN-Validation-Passed;npdi", "33612345678"),
]
SCRIPTS = [
    (None, "+٤٤٧٩٠٠١٢٣٤٥٦", "447900123456"),
    ("EG", "٠١٠٠١٢٣٤٥٦٧", "201001234567"),
    ("IR", "۰۹۱۲۳۴۵۶۷۸۹", "989123456789"),
    ("IN", "०८१२३४ ५६७८९", "918123456789"),
    ("JP", "０９０－１２３４－５６７８", "819012345678"),
    (None, "\u200e+\u0664\u0664 7900 123456", "447900123456"),
]
SHEETS = [
    ("DE", "4915112345678.0", "4915112345678"),
    (None, "4915112345678,0", "4915112345678"),
    (None, "4915112345678.00", "4915112345678"),
    (None, "4915112345678.000", "4915112345678"),
    (None, "+4915112345678.0", "4915112345678"),
    (None, "\ufeff4915112345678.0\r\n", "4915112345678"),
    (None, "４９１５１１２３４５６７８．０", "4915112345678"),
    (None, "4,915,112,345,678", "4915112345678"),
    (None, "4,915,112,345,678.00", "4915112345678"),
    (None, "4.915.112.345.678,00", "4915112345678"),
    (None, "4 915 112 345 678,00", "4915112345678"),
    (None, "4'915'112'345'678", "4915112345678"),
    (None, "4\u2019915\u2019112\u2019345\u2019678.00", "4915112345678"),
    ("DE", "'0151 12345678", "4915112345678"),
    ("DE", '="0151 12345678"', "4915112345678"),
    ("DE", '"0151/12345678"', "4915112345678"),
    ("DE", "\u201e0151 12345678\u201c", "4915112345678"),
]


@pytest.mark.parametrize(("region", "text", "msisdn"), WRITTEN + URIS + SCRIPTS + SHEETS)
def test_what_leaves_one_number_to_read_is_read(region, text, msisdn):
    assert normalise(text, region=region) == msisdn


SLASH = "has a slash where no area code ends: give one number, written out"
ROUNDED = "a spreadsheet has rounded this number, and its last digits are lost: format the column as text"
DECIMAL = "ends like a decimal number: give its digits as text"
EXTENSION = "has an extension, which no message reaches"
REFUSED = [
    # text, reason
    ("4.91511E+12", ROUNDED),
    ("4,91511E+12", ROUNDED),
    ("4.915112345678e12", ROUNDED),  # whether a spreadsheet or a script has written it, nobody can say
    ("4E+12", ROUNDED),
    ("4915112345678.5", DECIMAL),
    ("49 151 12345678.0", DECIMAL),
    ("0664 123 45.00", DECIMAL),
    ("49,15,112345678", "contains ',', which is no part of a phone number"),
    ("0151 12345678,0151 12345679", "contains ',', which is no part of a phone number"),
    ("030 123456/78", SLASH),  # two lines of one office
    ("030 123456/654321", SLASH),
    ("0151 12345678 / 0151 87654321", SLASH),
    ("12/05/2024", SLASH),
    ("2024/05/12", SLASH),
    ("tel:+4930123456;ext=17", EXTENSION),
    ("tel:+4930123456;EXT=17", EXTENSION),
    ("tel:+4930123456;isub=17", EXTENSION),
    ("tel:+4930123456;postd=17", EXTENSION),
    ("tel:+33612345678;+33612345679", "contains '+33612345679', which is no parameter of a tel: URI"),
    ("tel:", "contains no digits"),
    ("=0151", "contains '=', which is no part of a phone number"),
    ("²33612345678", "contains '²', which is no part of a phone number"),
    ("三三六一二三四五六七八", "contains '三', which is no part of a phone number"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
@pytest.mark.parametrize("region", [None, "DE"])
def test_what_has_been_spoilt_is_refused_with_a_reason(text, reason, region):
    with pytest.raises(InvalidNumber) as refused:
        normalise(text, region=region)
    assert refused.value.reason == reason


msisdns = st.from_regex(r"(?:4915[0-9]{9}|336[0-9]{8}|1212555[0-9]{4}|447400[0-9]{6})", fullmatch=True)


@given(msisdns, st.sampled_from(["", "+", "00"]), st.sampled_from([".", ","]), st.integers(1, 4))
@pytest.mark.parametrize("region", [None, "DE", "US"])
def test_decimal_places_never_become_digits(region, msisdn, before, point, zeros):
    assert normalise(f"{before}{msisdn}{point}{'0' * zeros}", region=region) == normalise(
        before + msisdn, region=region
    )


@given(msisdns)
def test_no_spreadsheet_makes_another_number(msisdn):
    number = int(msisdn)
    assert normalise(f"{number:,}") == msisdn
    assert normalise(f"{number:,.2f}") == msisdn
    assert normalise(str(float(number))) == msisdn
    for rounded in (f"{number:.5E}", f"{number:.5E}".replace(".", ","), f"{number:e}"):
        with pytest.raises(InvalidNumber, match="rounded"):
            normalise(rounded)


DECIMAL_DIGITS = [char for char in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(char) == "Nd"]


def test_every_decimal_digit_of_unicode_counts_as_its_value():
    for char in DECIMAL_DIGITS:
        assert ascii_digits(char) == str(unicodedata.decimal(char))
    assert "".join(map(ascii_digits, DECIMAL_DIGITS)).isascii()


@given(st.data(), msisdns)
def test_a_number_is_the_same_in_the_digits_of_any_script(data, msisdn):
    zeros = [ord(char) for char in DECIMAL_DIGITS if unicodedata.decimal(char) == 0]
    zero = data.draw(st.sampled_from(zeros))
    assert normalise("+" + "".join(chr(zero + int(digit)) for digit in msisdn)) == msisdn


@given(st.text())
def test_what_is_no_decimal_digit_is_left_alone(text):
    kept = [char for char in text if not char.isdecimal()]
    assert [char for char in ascii_digits(text) if char not in "0123456789"] == kept
