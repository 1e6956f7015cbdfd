"""Which numbers are sent one-time codes, and how many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.fraud import (
    IN_ALL,
    CodeCount,
    CodeLimits,
    CodeTerms,
    CostlyKind,
    Guarded,
    is_suspect,
    kind_of,
    limits_with,
    prefixes_of,
    refused,
    refused_person,
    refused_place,
    sent_within_a_minute,
)

RANGE = "33612"
USUAL = CodeLimits()


@pytest.mark.parametrize(
    ("msisdn", "kind"),
    [
        ("33612345678", None),
        ("33899123456", CostlyKind.PREMIUM),
        ("19002345678", CostlyKind.PREMIUM),
        ("449098790879", CostlyKind.PREMIUM),
        ("33820123456", CostlyKind.SHARED_COST),
        ("80812345678", CostlyKind.SHARED_COST),
        ("870773111632", CostlyKind.SATELLITE),
        ("881612345678", CostlyKind.SATELLITE),
        ("88213300655", CostlyKind.SATELLITE),
        ("883510012345", CostlyKind.SATELLITE),
        ("979123456789", CostlyKind.PREMIUM),
        ("4990012345678", CostlyKind.PREMIUM),  # with a digit too many
        ("338991234567890", CostlyKind.PREMIUM),
        ("3361234567890", None),
        ("99912345678", None),
    ],
)
def test_costly_kinds_are_refused_unless_they_are_allowed(msisdn: str, kind: CostlyKind | None) -> None:
    found = refused_place(msisdn, USUAL)

    assert kind_of(msisdn) == kind
    assert (found is None) if kind is None else (found is not None and found.why is Guarded.KIND)
    assert refused_place(msisdn, CodeLimits(kinds=list(CostlyKind))) is None


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
@pytest.mark.parametrize(
    "theirs", [phonenumbers.PhoneNumberType.PREMIUM_RATE, phonenumbers.PhoneNumberType.SHARED_COST]
)
def test_no_country_has_a_costly_number_that_is_sent_a_code(region: str, theirs: int) -> None:
    example = phonenumbers.example_number_for_type(region, theirs)
    if example is None or phonenumbers.number_type(example) != theirs:
        return
    msisdn = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)[1:]

    found = refused_place(msisdn, USUAL)

    assert found is not None
    assert found.why is Guarded.KIND


def test_a_country_that_is_not_allowed_is_sent_no_code() -> None:
    limits = CodeLimits(countries=["FR", "BE"])

    assert refused_place("33612345678", limits) is None
    assert refused_place("99912345678", limits) is None
    for elsewhere in ("4915112345678", "77012345678", "80012345678"):
        found = refused_place(elsewhere, limits)
        assert found is not None
        assert (found.why, found.sentence) == (Guarded.COUNTRY, "Codes are sent to FR, BE only.")


@pytest.mark.parametrize(
    ("prefix", "count", "why"),
    [
        (RANGE, {}, None),
        (RANGE, {"this_minute": 99}, None),
        (RANGE, {"this_minute": 100}, Guarded.LIMIT),
        (IN_ALL, {"this_minute": 299}, None),
        (IN_ALL, {"this_minute": 300}, Guarded.LIMIT),
        (RANGE, {"last_day": 5_000}, Guarded.LIMIT),
        (IN_ALL, {"last_day": 5_000}, None),
        (IN_ALL, {"last_day": 20_000}, Guarded.LIMIT),
        (RANGE, {"last_hour": 99, "this_minute": 50}, None),
        (RANGE, {"last_hour": 100, "this_minute": 5}, None),
        (RANGE, {"last_hour": 100, "this_minute": 6}, Guarded.SLOWED),
        (RANGE, {"last_hour": 100, "this_minute": 6, "entered": 20}, None),
        (RANGE, {"last_hour": 299, "entered": 10}, None),
        (RANGE, {"last_hour": 300, "entered": 10}, Guarded.STOPPED),
        (RANGE, {"last_hour": 300, "entered": 60}, None),
        (IN_ALL, {"last_hour": 10_000}, None),
    ],
)
def test_what_was_sent_before_says_whether_one_more_is(prefix: str, count: Any, why: Guarded | None) -> None:
    found = refused({prefix: CodeCount(**count)}, USUAL, 1.0)

    assert (found and found.why) == why
    assert (found and found.prefix) == (prefix if why else None)


counts = st.builds(CodeCount, **dict.fromkeys(CodeCount.__struct_fields__, st.integers(0, 10_000)))
limits = st.builds(
    CodeLimits,
    **{
        name: st.integers(0, 100 if name == "entered_percent" else 1_000)
        for name in CodeLimits.__struct_fields__
        if name not in {"countries", "kinds"}
    },
)


@given(count=counts, bounds=limits, more=st.integers(1, 100), part=st.floats(0, 1))
def test_who_sends_more_is_never_refused_less(count: CodeCount, bounds: CodeLimits, more: int, part: float) -> None:
    after = msgspec.structs.replace(count, this_minute=count.this_minute + more, last_day=count.last_day + more)

    for prefix in (IN_ALL, RANGE):
        if refused({prefix: count}, bounds, part) is not None:
            assert refused({prefix: after}, bounds, part) is not None


@given(count=counts, bounds=limits, part=st.floats(0, 1))
def test_a_range_whose_codes_are_all_entered_is_neither_slowed_nor_stopped(
    count: CodeCount, bounds: CodeLimits, part: float
) -> None:
    found = refused({RANGE: msgspec.structs.replace(count, entered=count.last_hour)}, bounds, part)

    assert found is None or found.why is Guarded.LIMIT


@given(count=counts, part=st.floats(0, 1))
def test_a_minute_is_at_least_this_one_and_at_most_both(count: CodeCount, part: float) -> None:
    assert count.this_minute <= sent_within_a_minute(count, part) <= count.this_minute + count.last_minute


@given(count=counts)
def test_without_limits_nothing_is_refused(count: CodeCount) -> None:
    none = {name: 0 for name in CodeLimits.__struct_fields__ if name not in {"countries", "kinds"}}
    found: Mapping[str, CodeCount] = {IN_ALL: count, RANGE: count}

    assert refused(found, CodeLimits(**none), 0.5) is None
    assert not is_suspect(count, CodeLimits(**none))
    assert refused_person(10_000, 10_000, CodeLimits(**none)) is None


@given(msisdn=st.from_regex(r"[1-8][0-9]{6,14}", fullmatch=True), last=st.integers(0, 9_999))
def test_neighbours_count_together(msisdn: str, last: int) -> None:
    assert prefixes_of(f"{msisdn[:-4]}{last:04}") == prefixes_of(msisdn)
    assert all(msisdn.startswith(prefix) for prefix in prefixes_of(msisdn))


def test_terms_change_what_they_name_and_leave_the_rest() -> None:
    changed = limits_with(CodeLimits(per_day=7, countries=["FR"]), CodeTerms(per_minute=0, countries=[]))

    assert changed == CodeLimits(per_day=7, per_minute=0, countries=[])
