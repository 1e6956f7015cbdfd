"""Who wrote an inbound message: one form for each number, names and short codes as what they are."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.numbers import (
    COUNTRIES,
    MAX_ADDRESS,
    InvalidOriginator,
    is_msisdn,
    parse_originator,
    read_address,
    region_of,
    with_plus,
)

MARKS = "\u200b\u200e\u200f\u202a\u202c\u2060\u2066\u2069\ufeff\u00ad\u061c\ufe0f\x00\x07"
READ = [
    # text, regions, address
    ("+33612360001", (), "33612360001"),
    ("0033612340003", (), "33612340003"),
    ("33 6 12 34 00 04", (), "33612340004"),
    ("+0033612340003", (), "33612340003"),  # a plus that somebody put before whatever there was
    ("+33 (0)6 12 34 00 04", (), "33612340004"),
    ("0612340004", ("FR",), "33612340004"),
    ("612340004", ("FR",), "33612340004"),
    ("0612340004", (None, "DE", "FR"), "33612340004"),  # no number of Germany
    ("0612340004", (), "0612340004"),  # nobody can know whose it is
    ("0033612340003", ("BR",), "33612340003"),
    ("15062345678", ("CN",), "15062345678"),  # networks hand over international numbers
    ("2034567890", ("US",), "12034567890"),  # a number of Alexandria, too, but nobody texts from a fixed line there
    ("91234567", ("NO",), "4791234567"),
    ("9991234", (), "9991234"),
    ("36111", (), "36111"),
    ("36111", ("FR",), "36111"),
    ("+36111", (), "36111"),
    ("19123456", (), "19123456"),  # a short code of Australia
    ("Vodafone", (), "Vodafone"),
    (" Vodafone\n", (), "Vodafone"),
    ("Voda\u200bfone", (), "Vodafone"),
    ("My\u00a0Shop", (), "My Shop"),
    ("A<B>", (), "A<B>"),
    ("ann@example.org", (), "ann@example.org"),
    ("Médecins", (), "Médecins"),
    ("", (), ""),
    ("\u200b", (), ""),
    ("+", (), "+"),
    ("1" * 5_000, (), "1" * MAX_ADDRESS),
    ("x" * 5_000, ("FR",), "x" * MAX_ADDRESS),
    ("<script>alert(1)</script>", (), "scriptalert(1)/script"),
]


@pytest.mark.parametrize(("text", "regions", "address"), READ)
def test_an_address_is_read(text: str, regions: tuple[str | None, ...], address: str) -> None:
    assert read_address(text, *regions) == address


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("33612345678", "+33612345678"),
        ("9991234", "+9991234"),
        ("6834002", "+6834002"),  # Niue
        ("19123456", "19123456"),
        ("36111", "36111"),
        ("0612340004", "0612340004"),
        ("1234567890123456", "1234567890123456"),
        ("Vodafone", "Vodafone"),
        ("٣٣٦١٢٣٤٥٦٧٨", "٣٣٦١٢٣٤٥٦٧٨"),
        ("", ""),
    ],
)
def test_a_plus_stands_before_phone_numbers_alone(address: str, shown: str) -> None:
    assert with_plus(address) == shown
    assert is_msisdn(address) is (shown != address)


@st.composite
def spelled_examples(draw: st.DrawFn) -> tuple[str, str, str]:
    """A mobile number of some country: its region, E.164, and one way of writing it that says the country."""
    region = draw(st.sampled_from(sorted(COUNTRIES)))
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    if number is None:
        number = phonenumbers.example_number(region)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    spaced = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    written = draw(st.sampled_from([e164, spaced, e164[1:], spaced[1:], f"00{e164[1:]}", f"00 {spaced[1:]}"]))
    for mark in draw(st.lists(st.sampled_from(MARKS), max_size=3)):
        place = draw(st.integers(0, len(written)))
        written = written[:place] + mark + written[place:]
    return region, e164, written


@given(spelled_examples())
def test_every_spelling_of_a_number_is_one_address(example: tuple[str, str, str]) -> None:
    region, e164, written = example

    assert read_address(written) == e164[1:]
    assert with_plus(read_address(written, region)) == e164


def is_international(digits: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(f"+{digits}"))
    except phonenumbers.NumberParseException:
        return False


def national_examples() -> list[tuple[str, str, str]]:
    """Region, national form and E.164 of mobile numbers whose digits are neither a short code nor a number abroad."""
    found = []
    for region in sorted(COUNTRIES):
        number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if number is None:
            continue
        national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        digits = phonenumbers.normalize_digits_only(national)
        if len(digits) > 6 and not is_international(digits):
            e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            found.append((region, national, e164))
    return found


@pytest.mark.parametrize(("region", "national", "e164"), national_examples())
def test_a_national_number_is_read_in_its_own_country(region: str, national: str, e164: str) -> None:
    assert with_plus(read_address(national, region)) == e164


@given(st.text(max_size=400), st.lists(st.sampled_from([None, *sorted(COUNTRIES)]), max_size=2))
def test_whatever_is_written_becomes_a_short_text_that_can_be_shown_and_read_again(
    text: str, regions: list[str | None]
) -> None:
    address = read_address(text, *regions)

    assert len(address) <= MAX_ADDRESS
    assert all(each.isprintable() for each in address)
    assert read_address(with_plus(address)) == address


@given(st.text(st.characters(codec="ascii"), max_size=16))
def test_whom_a_message_was_written_to_is_read_as_its_originator_was(text: str) -> None:
    """So that an answer is known to belong to what was sent from there."""
    try:
        originator = parse_originator(text)
    except InvalidOriginator:
        return

    assert read_address(text) == originator.value


def test_a_calling_code_has_a_country() -> None:
    assert [region_of(code) for code in ("+420", "420", "00420", "+1", "+44", "+999", "", "+x", "+800")] == [
        *("CZ", "CZ", "CZ", "US", "GB"),
        *(None, None, None, None),
    ]
