"""What people and programs write, and the number it is."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.numbers import Check, InvalidNumber, NumberType, normalise, parse

SPELLINGS = [
    "+33612345678",
    "+33 6 12 34 56 78",
    "+33 (0)6 12 34 56 78",  # the trunk prefix in brackets, as on letterheads
    "+33 06 12 34 56 78",
    "0033 6 12 34 56 78",
    "33612345678",
    "330612345678",
    "+33-6-12-34-56-78",
    "+33\u20116\u201312\u201434.56.78",  # dashes of other kinds
    "(+33) 6 12 34 56 78",
    "[33] 612.345.678",
    "+33\u00a06\u202f12\u200934\u300056\t78",  # spaces of other kinds
    "\u202a+33 6 12 34 56 78\u202c",  # copied from a contact: marks of direction
    "\ufeff33612345678\r\n",  # the first line of a file from a spreadsheet
    "＋３３　６１２３４５６７８",
]


@pytest.mark.parametrize("text", SPELLINGS)
@pytest.mark.parametrize("region", [None, "FR", "DE", "US"])
def test_a_number_with_its_country_code_is_read_however_it_is_spelled(text, region):
    assert normalise(text, region=region) == "33612345678"


NATIONAL = [
    # region, as written there, MSISDN
    ("FR", "06 12 34 56 78", "33612345678"),
    ("FR", "612345678", "33612345678"),  # a spreadsheet took the zero for nothing
    ("fr", "06 12 34 56 78", "33612345678"),
    ("GB", "07400 123456", "447400123456"),
    ("JE", "07797 712345", "447797712345"),
    ("DE", "0151 12345678", "4915112345678"),
    ("DE", "030 123456", "4930123456"),
    ("US", "(212) 555-0123", "12125550123"),
    ("US", "1-212-555-0123", "12125550123"),
    ("CA", "506-234-5678", "15062345678"),
    ("IT", "312 345 6789", "393123456789"),
    ("IT", "02 1234 5678", "390212345678"),  # the zero belongs to the number in Italy
    ("ES", "612 34 56 78", "34612345678"),
    ("SE", "070-123 45 67", "46701234567"),
    ("RU", "8 (912) 345-67-89", "79123456789"),
    ("HU", "06 20 123 4567", "36201234567"),
    ("AU", "0412 345 678", "61412345678"),
    ("IN", "081234 56789", "918123456789"),
    ("JP", "090-1234-5678", "819012345678"),
    ("CN", "131 2345 6789", "8613123456789"),
    ("BR", "(11) 96123-4567", "5511961234567"),
    ("BR", "0 15 11 96123-4567", "5511961234567"),  # through a carrier, which is not part of the number
    ("AR", "011 15-2345-6789", "5491123456789"),  # 15 inside the country is 9 from outside
    ("MX", "222 123 4567", "522221234567"),
    ("MX", "01 222 123 4567", "522221234567"),  # as it was dialled until 2019
    ("MX", "044 55 1234 5678", "525512345678"),
    ("MX", "045 55 1234 5678", "525512345678"),
    ("ZA", "071 123 4567", "27711234567"),
    ("NG", "0802 123 4567", "2348021234567"),
    ("CI", "01 23 45 6789", "2250123456789"),
    ("SG", "8123 4567", "6581234567"),
    ("DK", "34 41 23 45", "4534412345"),
    ("LC", "284-5678", "17582845678"),  # seven digits within the island
]


@pytest.mark.parametrize(("region", "text", "msisdn"), NATIONAL)
def test_a_national_number_is_read_when_its_country_is_given(region, text, msisdn):
    assert normalise(text, region=region, check=Check.VALID) == msisdn


@pytest.mark.parametrize("text", ["06 12 34 56 78", "0151 12345678", "02 1234 5678"])
def test_a_national_number_is_refused_when_no_country_is_given(text):
    with pytest.raises(InvalidNumber, match="begins with 0: write it with its country code"):
        parse(text, check=Check.SHAPE)


BARE = [
    # region, digits, MSISDN, why
    ("FR", "33612345678", "33612345678", "too long for a national number"),
    ("FR", "46701234567", "46701234567", "the same, and of another country"),
    ("FR", "687751234", "33687751234", "mobile in both France and New Caledonia: national first"),
    ("CN", "15062345678", "8615062345678", "mobile in both China and Canada: national first"),
    ("DE", "4915112345678", "4915112345678", "fixed within Germany, but mobile in full: mobile first"),
    ("DE", "393123456789", "393123456789", "fixed within Germany, but mobile in Italy: mobile first"),
    ("FR", "123456789", "33123456789", "fixed in France, nothing elsewhere"),
    ("FR", "390212345678", "390212345678", "fixed in Italy, nothing in France"),
    ("SE", "468123456", "46468123456", "fixed both within Sweden and in full: national first"),
    ("RU", "9991234567", "79991234567", "a Russian mobile number comes before a test number"),
    ("US", "9991234567", "9991234567", "there is no area code 999: a test number"),
    ("US", "7551234567", "17551234567", "possible in both the USA and Russia, valid in neither: national first"),
]


@pytest.mark.parametrize(("region", "digits", "msisdn", "why"), BARE, ids=[row[3] for row in BARE])
def test_bare_digits_with_a_region_are_what_makes_the_best_number(region, digits, msisdn, why):
    assert normalise(digits, region=region) == msisdn


@pytest.mark.parametrize("region", [None, "MX", "US"])
@pytest.mark.parametrize("text", ["+521 55 1234 5678", "5215512345678", "00 52 1 55 1234 5678", "+52 55 1234 5678"])
def test_a_mobile_number_of_mexico_is_the_same_with_and_without_the_1_of_former_years(text, region):
    assert normalise(text, region=region, check=Check.VALID) == "525512345678"


def test_no_digit_is_taken_for_a_former_prefix_where_it_is_part_of_the_number():
    assert normalise("15512345678", region="MX") == "15512345678"  # New Jersey
    assert normalise("+54 9 11 2345 6789") == "5491123456789"
    assert normalise("+55 11 96123 4567") == "5511961234567"
    assert normalise("+55 11 6123 4567") == "551161234567"


@pytest.mark.parametrize("region", ["US", "CN", "RU", "DE", "FR"])
def test_a_plus_leaves_nothing_to_the_region(region):
    assert normalise("+15062345678", region=region) == "15062345678"


FROM_ABROAD = [
    ("US", "011 33 6 12 34 56 78"),
    ("AU", "0011 33 6 12 34 56 78"),
    ("JP", "010 33 6 12 34 56 78"),
    ("RU", "8 10 33 6 12 34 56 78"),
    ("HK", "001 33 6 12 34 56 78"),
    ("BR", "00 21 33 6 12 34 56 78"),  # through the carrier 21
    ("US", "00 33 6 12 34 56 78"),  # everybody knows 00
]


@pytest.mark.parametrize(("region", "text"), FROM_ABROAD)
def test_the_digits_dialled_to_call_abroad_are_known_for_each_region(region, text):
    assert normalise(text, region=region) == "33612345678"


REFUSED = [
    # text, keywords, reason
    ("", {}, "contains no digits"),
    (" - ", {}, "contains no digits"),
    ("+", {}, "contains no digits"),
    ("+33 6 12 34 56 7a", {}, "contains 'a', which is no part of a phone number"),
    ("1-800-FLOWERS", {}, "contains 'F', which is no part of a phone number"),
    ("+33612345678;ext=5", {}, "contains ';', which is no part of a phone number"),
    ("²33612345678", {}, "contains '²', which is no part of a phone number"),
    ("++33612345678", {}, "a plus can only stand at the beginning"),
    ("33612345678+", {}, "a plus can only stand at the beginning"),
    ("33+612345678", {}, "a plus can only stand at the beginning"),
    ("00", {}, "begins with 0: write it with its country code, or say which country it is from"),
    ("+0612345678", {}, "begins with 0 where the country code should be"),
    ("000612345678", {}, "begins with 0 where the country code should be"),
    ("+336123456", {}, "too short for France (+33)"),
    ("06 12 34", {"region": "FR"}, "too short for France (+33)"),
    ("+3361234567890", {}, "too long for France (+33)"),
    ("+1212555012345", {}, "too long for +1"),  # which of its 25 countries, the length does not tell
    ("+8001234567", {}, "too short for +800"),
    ("+1 212 55", {}, "too short for +1"),
    ("+124612345", {}, "+1 has no numbers with 8 digits after the country code"),
    ("+2101234567", {}, "+210 is not the calling code of a country"),
    ("+33000000000", {"check": Check.VALID}, "not in the numbering plan of France (+33)"),
    ("+1 755 123 4567", {"check": Check.VALID}, "not in the numbering plan of +1"),
    ("+999123", {}, "too short for test numbers (+999)"),
    ("123456", {"check": Check.SHAPE}, "6 digits: an international number has 7 to 15"),
    ("1234567890123456", {"check": Check.SHAPE}, "16 digits: an international number has 7 to 15"),
]


@pytest.mark.parametrize(("text", "how", "reason"), REFUSED)
def test_what_is_refused_is_refused_with_a_reason(text, how, reason):
    with pytest.raises(InvalidNumber) as refused:
        parse(text, **how)
    assert (refused.value.text, refused.value.reason) == (text, reason)


def test_an_error_shows_no_number_as_a_string_and_survives_a_pickle():
    error = pickle.loads(pickle.dumps(InvalidNumber("+33612", "too short for France (+33)")))
    assert str(error) == "too short for France (+33)"
    assert error.text == "+33612"


@pytest.mark.parametrize("region", ["XX", "UK", "", "FRA", "001"])
def test_an_unknown_region_is_a_mistake_of_the_caller(region):
    with pytest.raises(ValueError, match="unknown region") as mistake:
        parse("+33612345678", region=region)
    assert not isinstance(mistake.value, InvalidNumber)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("+2101234567", {Check.SHAPE}),  # no such calling code
        ("+336123456", {Check.SHAPE}),  # too short for France
        ("+33000000000", {Check.SHAPE, Check.POSSIBLE}),  # long enough, but nobody's
        ("+3361234567", {Check.SHAPE}),
        ("+33612345678", set(Check)),
        ("+999 0000", set(Check)),
    ],
)
def test_each_check_asks_for_more_than_the_one_before(text, passes):
    def passed(check):
        try:
            return bool(parse(text, check=check))
        except InvalidNumber:
            return False

    assert {check for check in Check if passed(check)} == passes


digit_strings = st.text("0123456789", min_size=1, max_size=17)
texts = st.one_of(
    digit_strings,
    digit_strings.map("+".__add__),
    digit_strings.map("00".__add__),
    st.text("+0123456789 ()-.\u00a0３x", max_size=20),
)
regions = st.sampled_from([None, "FR", "DE", "US", "RU", "IT", "AR", "BR", "JE", "LC", "FI", "HK", "NF", "SM", "MX"])


@given(texts, regions, st.sampled_from(Check))
def test_reading_the_e164_of_what_was_read_gives_the_same_number(text, region, check):
    try:
        number = parse(text, region=region, check=check)
    except InvalidNumber:
        return
    assert parse(number.e164, check=check) == number
    assert parse(number.e164, region=region, check=check) == number


@given(texts, regions)
def test_a_check_can_refuse_a_number_but_never_changes_it(text, region):
    numbers = set()
    for check in Check:
        try:
            numbers.add(parse(text, region=region, check=check))
        except InvalidNumber:
            continue
    assert len(numbers) <= 1


@given(texts, regions, st.sampled_from(Check))
def test_what_was_read_keeps_its_promises(text, region, check):
    try:
        number = parse(text, region=region, check=check)
    except InvalidNumber:
        return
    assert 7 <= len(number.msisdn) <= 15
    assert number.msisdn[0] != "0"
    assert number.valid == (number.type is not NumberType.UNKNOWN)
    assert number.possible or check is Check.SHAPE
    assert number.valid or check is not Check.VALID


@given(st.text(max_size=30), regions)
def test_no_text_makes_anything_but_a_number_or_a_refusal(text, region):
    try:
        assert parse(text, region=region).msisdn.isdigit()
    except InvalidNumber as refused:
        assert refused.reason
