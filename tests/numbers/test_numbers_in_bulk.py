"""A list of numbers is treated exactly like its numbers one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.numbers import Check, InvalidNumber, InvalidRow, normalise, normalise_many


def one_by_one(texts, region, check):
    msisdns, invalid = [], []
    for index, text in enumerate(texts):
        try:
            msisdns.append(normalise(text, region=region, check=check))
        except InvalidNumber as refused:
            invalid.append(InvalidRow(index, refused.text, refused.reason))
    return msisdns, invalid


def test_a_list_is_parted_into_numbers_and_refusals_each_in_order():
    outcome = normalise_many(["+46 70 123 45 67", "nobody", "0033612345678", "+3361", "46701234567"])
    assert outcome.msisdns == ["46701234567", "33612345678", "46701234567"]
    assert outcome.invalid == [
        InvalidRow(1, "nobody", "contains 'n', which is no part of a phone number"),
        InvalidRow(3, "+3361", "too short for France (+33)"),
    ]


def test_an_empty_list_has_neither():
    outcome = normalise_many([])
    assert (outcome.msisdns, outcome.invalid) == ([], [])


def test_an_unknown_region_is_a_mistake_even_with_an_empty_list():
    with pytest.raises(ValueError, match="unknown region 'XX'"):
        normalise_many([], region="XX")


@pytest.mark.parametrize("check", Check)
@pytest.mark.parametrize("region", [None, "DE", "US"])
def test_25_000_numbers_of_all_countries_agree_with_one_by_one(examples, region, check):
    known = [number for numbers in examples.values() for number in numbers]
    texts = [f"{'+' * (turn % 2)}{number[:-2]}{turn:02}" for turn in range(25) for number in known][:25_000]
    outcome = normalise_many(texts, region=region, check=check)
    assert len(texts) == 25_000
    assert (outcome.msisdns, outcome.invalid) == one_by_one(texts, region, check)


texts = st.lists(
    st.one_of(
        st.text("0123456789", max_size=17),
        st.text("0123456789", max_size=15).map("+".__add__),
        st.text("+0123456789 -x", max_size=15),
    ),
    max_size=8,
)


@given(texts, st.sampled_from([None, "FR", "DE", "US", "AR"]), st.sampled_from(Check))
def test_any_list_agrees_with_one_by_one(texts, region, check):
    outcome = normalise_many(texts, region=region, check=check)
    assert (outcome.msisdns, outcome.invalid) == one_by_one(texts, region, check)
