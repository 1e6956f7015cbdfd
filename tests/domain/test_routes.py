"""Rules: what they match, and which can never match."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.routes import Rule, Subject, explain, in_order, mistakes_in

ORANGE = Subject(msisdn="33612345678", originator="Acme", account="shop", tags=("otp", "new"), channel="sms", parts=2)


@pytest.mark.parametrize(
    ("rule", "mismatch"),
    [
        (Rule(), None),
        (Rule(country=["DE", "FR"]), None),
        (Rule(country=["DE"]), "the country is FR, not DE"),
        (Rule(prefix=["337", "336"]), None),
        (Rule(prefix=["337"]), "the number does not begin with 337"),
        (Rule(originator=["Ac*", "Bell"]), None),
        (Rule(originator=["Bell"]), "the originator is Acme, not Bell"),
        (Rule(account=["shop"]), None),
        (Rule(account=["bank"]), "the account is shop, not bank"),
        (Rule(tag=["otp"]), None),
        (Rule(tag=["sale", "late"]), "it has no tag sale or late"),
        (Rule(channel=["viber"]), "the channel is sms, not viber"),
        (Rule(max_parts=1), "it has 2 parts, not 1 to 1"),
        (Rule(min_parts=2, max_parts=2), None),
        (Rule(operator=["*"]), None),
        (Rule(operator=["nobody's network"]), "nobody's network"),
    ],
)
def test_all_conditions_must_hold(rule: Rule, mismatch: str | None) -> None:
    found = rule.mismatch(ORANGE)

    assert found == mismatch or (mismatch is not None and found is not None and mismatch in found)


def test_the_first_that_matches_counts_and_the_others_say_why_not() -> None:
    rules = [
        Rule(name="germany", country=["DE"], providers=["a"]),
        Rule(name="codes", tag=["otp"], weights={"a": 1, "b": 3}),
        Rule(providers=["c"]),
    ]
    found = explain(rules, ORANGE, "default", {})
    nowhere = explain(rules[:1], ORANGE, "default", {})

    assert [each.title for each in found.considered] == ["route `germany`", "route `codes`"]
    assert found.providers == ["b", "a"]
    assert (nowhere.rule, nowhere.providers) == (None, ("default",))


def test_the_cheapest_is_first_and_who_has_no_price_is_last() -> None:
    rule = Rule(providers=["a", "b", "c"], cheapest=True)
    costs = {"a": {"FR": 0.05, "default": 0.01}, "b": {"default": 0.04}}

    assert in_order(rule, "FR", costs) == ["b", "a", "c"]
    assert in_order(rule, "DE", costs) == ["a", "b", "c"]
    assert in_order(rule, None, costs) == ["a", "b", "c"]


SOME = st.lists(st.sampled_from(["FR", "DE", "GB"]), max_size=3, unique=True)
RULES = st.builds(
    Rule,
    country=SOME,
    prefix=st.lists(st.sampled_from(["33", "336", "49", "4915"]), max_size=2, unique=True),
    originator=st.lists(st.sampled_from(["*", "A*", "Acme", "Bell"]), max_size=2, unique=True),
    tag=st.lists(st.sampled_from(["x", "y"]), max_size=2, unique=True),
    min_parts=st.integers(1, 3),
    max_parts=st.integers(3, 5),
    providers=st.just(["p"]),
)
SUBJECTS = st.builds(
    Subject,
    msisdn=st.sampled_from(["33612345678", "4915123456789", "447400123456"]),
    originator=st.sampled_from(["Acme", "Apex", "Bell", None]),
    tags=st.lists(st.sampled_from(["x", "y", "z"]), max_size=2),
    parts=st.integers(1, 5),
)


@given(RULES, RULES, SUBJECTS)
def test_a_rule_that_is_called_unreachable_is(first: Rule, second: Rule, subject: Subject) -> None:
    if any("which comes before" in told for _, told in mistakes_in([first, second], {"p": {}})):
        assert second.mismatch(subject) is not None or first.mismatch(subject) is None
