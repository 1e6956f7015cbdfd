"""Placeholders in a body, and the values that recipients have for them."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.text import MissingParameter, ParameterTable, Template, values_for, verbatim

names = st.from_regex(r"[A-Za-z0-9._-]([A-Za-z0-9._ -]{0,14}[A-Za-z0-9._-])?", fullmatch=True)
tricky = st.text(st.sampled_from("${}ab \n\\"))  # text that looks like placeholders, or like a replacement pattern


@given(st.text() | tricky)
def test_a_text_without_placeholders_is_rendered_as_it_is(text):
    template = Template(text)
    if template.is_plain:
        assert template.render({}) == template.render({"a": "x"}) == text


@given(st.lists(st.tuples(st.text().filter(lambda text: "$" not in text), names, tricky)), tricky)
def test_each_placeholder_becomes_its_value_and_nothing_in_a_value_is_looked_into(pieces, end):
    values = {name: value for _, name, value in pieces}
    end = end.replace("$", "")
    template = Template("".join(f"{text}${{{name}}}" for text, name, _ in pieces) + end)
    assert template.names == values.keys()
    assert template.is_plain == (not pieces)
    assert template.render(values) == "".join(text + values[name] for text, name, _ in pieces) + end


@given(st.text(alphabet="${}ab "))
def test_a_verbatim_text_is_what_everybody_gets(text):
    body, parameters = verbatim(text)

    assert Template(body).render(values_for(parameters, "33612345678")) == text


def test_a_value_that_is_a_placeholder_stays_one():
    assert Template("${a} ${b}").render({"a": "${b}", "b": "${a}"}) == "${b} ${a}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("${a}", {"a"}),
        ("${first_name}, ${A.b-9}", {"first_name", "A.b-9"}),
        ("${first name}", {"first name"}),
        (f"${{{'x' * 64}}}", {"x" * 64}),
        ("$${a}", {"a"}),  # a dollar and a placeholder: nothing escapes one
        ("${${a}}", {"a"}),
        ("${a} ${a}", {"a"}),
        (f"${{{'x' * 65}}}", set()),
        ("${}", set()),
        ("${ a}", set()),
        ("${a }", set()),
        ("${a", set()),
        ("{a} $a $ {a}", set()),
        ("${a+b} ${a()} ${a|b} ${å} ${a\nb}", set()),
    ],
)
def test_only_a_name_in_braces_behind_a_dollar_is_a_placeholder(text, found):
    assert Template(text).names == found


@pytest.mark.parametrize(
    ("text", "rendered"), [("$${a}", "$X"), ("${${a}}", "${X}"), ("100% ${a} ${", "100% X ${"), ("${a}${a}", "XX")]
)
def test_what_surrounds_a_placeholder_stays(text, rendered):
    assert Template(text).render({"a": "X"}) == rendered


def test_rendering_names_all_the_values_that_are_missing():
    with pytest.raises(MissingParameter) as missing:
        Template("${c} ${a} ${b}").render({"b": "x"})
    assert missing.value.names == ("a", "c")
    assert str(missing.value) == "no value for ${a}, ${c}"
    assert pickle.loads(pickle.dumps(missing.value)).names == ("a", "c")


def test_an_empty_value_is_a_value():
    assert Template("[${a}]").render({"a": ""}) == "[]"


TABLE = {
    "name": {"+46700000001": "Åsa", "0046700000002": "Bo", "46700000003": "Cy", "default": "you"},
    "code": {"46700000001": "123"},
    "shop": {"default": "Acme"},
    "none": {},
}


@pytest.mark.parametrize(
    ("recipient", "values"),
    [
        ("46700000001", {"name": "Åsa", "code": "123", "shop": "Acme"}),
        ("46700000002", {"name": "Bo", "shop": "Acme"}),
        ("46700000003", {"name": "Cy", "shop": "Acme"}),
        ("46700000004", {"name": "you", "shop": "Acme"}),
    ],
)
def test_a_recipient_has_its_own_value_else_the_default_else_none(recipient, values):
    assert values_for(TABLE, recipient) == values
    assert ParameterTable(TABLE).values_for(recipient) == values


SPELLINGS = ["46700000001", "+46700000001", "0046700000001", "+46 70-000 00 01", "00 46 (70) 000.00.01"]


@pytest.mark.parametrize("recipient", SPELLINGS)
@pytest.mark.parametrize("key", SPELLINGS)
def test_a_number_is_found_however_it_and_the_key_are_written(key, recipient):
    assert values_for({"a": {key: "x"}}, recipient) == {"a": "x"}


@pytest.mark.parametrize("key", ["", "+", "00", "x46700000001", "46700000001 x", "²"])
def test_a_key_that_is_no_number_matches_no_number(key):
    assert values_for({"a": {key: "x", "default": "y"}}, "46700000001") == {"a": "y"}


def test_default_is_not_a_recipient():
    assert values_for({"a": {"default": "x"}, "b": {"46700000001": "y"}}, "default") == {"a": "x"}


def test_an_empty_own_value_counts_before_the_default():
    assert values_for({"a": {"46700000001": "", "default": "x"}}, "46700000001") == {"a": ""}


def test_each_recipient_gets_values_of_its_own_to_keep():
    table = ParameterTable(TABLE)
    table.values_for("46700000001")["shop"] = "changed"
    assert table.values_for("46700000001")["shop"] == "Acme"
