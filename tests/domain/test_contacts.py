"""What several contacts with one number say between them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.contacts import OWN_FIELDS, UNKNOWN, Details, together

VALUES = st.sampled_from([None, "", " ", "\u00a0", "Ada", "Bob", "0"])
FIELDS = st.dictionaries(st.sampled_from(["tier", "city", "email"]), VALUES.map(lambda value: value or ""))
DETAILS = st.builds(Details, first_name=VALUES, last_name=VALUES, email=VALUES, fields=FIELDS)
NAMES = [*OWN_FIELDS, "tier", "city"]


def known(details: Details) -> dict[str, str | None]:
    return {name: details.value_of(name) for name in NAMES}


@given(st.lists(DETAILS, min_size=1))
def test_of_each_field_the_first_counts_that_is_not_blank(several: list[Details]) -> None:
    firsts = {
        name: next((value for each in several if (value := each.value_of(name)) is not None), None) for name in NAMES
    }

    assert known(together(several)) == firsts


@given(DETAILS, DETAILS, DETAILS)
def test_it_does_not_matter_who_is_put_together_first(one: Details, two: Details, three: Details) -> None:
    assert known(together([together([one, two]), three])) == known(together([one, together([two, three])]))


@given(DETAILS)
def test_who_says_nothing_new_changes_nothing(one: Details) -> None:
    assert (
        known(together([one, one])) == known(together([one, UNKNOWN])) == known(together([UNKNOWN, one])) == known(one)
    )
