"""What a message may say it is from."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.numbers import InvalidOriginator, Originator, OriginatorKind, parse_originator, ton_npi

MSISDN, SHORT_CODE, ALPHANUMERIC = OriginatorKind

READ = [
    # text, value, kind
    ("Heliograph", "Heliograph", ALPHANUMERIC),
    ("  Heliograph ", "Heliograph", ALPHANUMERIC),
    ("H", "H", ALPHANUMERIC),
    ("Shop 24/7", "Shop 24/7", ALPHANUMERIC),
    ("A&B-C_D.E+!", "A&B-C_D.E+!", ALPHANUMERIC),
    ("007Bond", "007Bond", ALPHANUMERIC),
    ("123", "123", SHORT_CODE),
    ("012", "012", SHORT_CODE),  # national, so the zero is part of it
    ("36180", "36180", SHORT_CODE),
    ("361-80", "36180", SHORT_CODE),
    ("191234", "191234", SHORT_CODE),
    ("1234567", "1234567", SHORT_CODE),  # no valid number of +1
    ("19123456", "19123456", SHORT_CODE),  # Australian premium SMS; no valid number of +1 either
    ("6834002", "6834002", MSISDN),  # Niue
    ("29022158", "29022158", MSISDN),  # Saint Helena
    ("9991234", "9991234", MSISDN),  # the sandbox
    ("+1234567", "1234567", MSISDN),  # a plus leaves no choice
    ("001234567", "1234567", MSISDN),
    ("33612345678", "33612345678", MSISDN),
    ("+33 (0)6 12 34 56 78", "33612345678", MSISDN),
    ("0033 6 12 34 56 78", "33612345678", MSISDN),
    ("210123456", "210123456", MSISDN),  # held to its shape only
    ("123456789012345", "123456789012345", MSISDN),
]


@pytest.mark.parametrize(("text", "value", "kind"), READ)
def test_an_originator_is_read_and_its_kind_is_told(text, value, kind):
    assert parse_originator(text) == Originator(value, kind)


PLAIN = "a sender's name has plain letters, digits, spaces and punctuation"
REFUSED = [
    ("", "contains no digits"),
    ("!!!", "contains '!', which is no part of a phone number"),
    ("Heliographic", "12 characters: a sender's name has at most 11"),
    ("Société", f"contains 'é': {PLAIN}"),
    ("Привет", f"contains 'П': {PLAIN}"),
    ("[Shop]", f"contains '[': {PLAIN}"),
    ("My\tShop", f"contains '\\t': {PLAIN}"),
    ("Shop 🛒", f"contains '🛒': {PLAIN}"),
    ("+Shop", "begins with a plus but is not a number"),
    ("+46SHOP", "begins with a plus but is not a number"),
    ("1", "too short: a short code has 3 digits or more"),
    ("+123456", "6 digits: an international number has 7 to 15"),
    ("00123", "3 digits: an international number has 7 to 15"),
    ("1234567890123456", "16 digits: an international number has 7 to 15"),
    ("0612345678", "begins with 0: write it with its country code, or say which country it is from"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_what_is_refused_is_refused_with_a_reason(text, reason):
    with pytest.raises(InvalidOriginator) as refused:
        parse_originator(text)
    assert (refused.value.text, refused.value.reason) == (text, reason)
    assert str(pickle.loads(pickle.dumps(refused.value))) == reason


@pytest.mark.parametrize(
    ("text", "pair"),
    [("+33612345678", (1, 1)), ("36180", (3, 0)), ("Heliograph", (5, 0))],
)
def test_each_kind_has_its_ton_and_npi(text, pair):
    assert ton_npi(parse_originator(text)) == pair


@given(st.one_of(st.text(max_size=16), st.text("+0123456789 aZ-", max_size=16)))
def test_an_msisdn_read_again_with_a_plus_and_any_other_as_it_is_gives_the_same(text):
    try:
        originator = parse_originator(text)
    except InvalidOriginator:
        return
    again = f"+{originator.value}" if originator.kind is MSISDN else originator.value
    assert parse_originator(again) == originator
