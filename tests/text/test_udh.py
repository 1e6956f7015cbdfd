"""The user data header: its elements, and what it says of parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.text import (
    Concatenation,
    InformationElement,
    MalformedUdh,
    concatenation_of,
    encode_udh,
    parse_udh,
    without_concatenation,
)

elements = st.builds(InformationElement, st.integers(0, 255), st.binary(max_size=40))


@st.composite
def concatenations(draw: st.DrawFn) -> Concatenation:
    wide = draw(st.booleans())
    total = draw(st.integers(1, 255))
    return Concatenation(draw(st.integers(0, 0xFFFF if wide else 0xFF)), total, draw(st.integers(1, total)), wide)


@given(st.lists(elements, max_size=3))
def test_elements_survive_the_header(given_elements):
    assert parse_udh(encode_udh(given_elements)) == tuple(given_elements)


@given(st.binary(max_size=150) | st.binary(max_size=20).map(lambda body: bytes([len(body)]) + body))
def test_octets_are_a_header_or_malformed_and_nothing_else(octets):
    try:
        parsed = parse_udh(octets)
    except MalformedUdh:
        with pytest.raises(MalformedUdh):
            concatenation_of(octets)
        return
    concatenation_of(octets)
    if parsed and len(octets) <= 140:
        assert encode_udh(parsed) == octets


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        ("01", "says that 1 octets follow, but 0 do"),
        ("050003", "says that 5"),
        ("0000", "says that 0"),
        ("0100", "no length"),
        ("020001", "longer than the header"),
        ("04000301ff", "longer than the header"),
    ],
)
def test_a_header_that_does_not_add_up_is_malformed(octets, why):
    with pytest.raises(MalformedUdh, match=why):
        parse_udh(bytes.fromhex(octets))


def test_no_header_has_no_elements_and_no_elements_make_no_header():
    assert parse_udh(b"") == ()
    assert parse_udh(b"\x00") == ()
    assert encode_udh([]) == b""


@pytest.mark.parametrize(
    "element", [InformationElement(256, b""), InformationElement(-1, b""), InformationElement(5, bytes(256))]
)
def test_an_element_that_octets_cannot_express_is_refused(element):
    with pytest.raises(MalformedUdh):
        encode_udh([element])


def test_a_header_may_fill_a_message_and_no_more():
    assert len(encode_udh([InformationElement(5, bytes(137))])) == 140
    with pytest.raises(MalformedUdh, match="140"):
        encode_udh([InformationElement(5, bytes(138))])


@given(concatenations(), st.lists(elements.filter(lambda element: element.id not in {0, 8}), max_size=2))
def test_which_part_it_is_survives_the_header_beside_other_elements(concatenation, others):
    assert concatenation_of(encode_udh([*others, concatenation.element()])) == concatenation
    assert concatenation_of(encode_udh([concatenation.element(), *others])) == concatenation


@pytest.mark.parametrize(
    ("header", "concatenation"),
    [
        ("0500034e0201", Concatenation(0x4E, 2, 1, wide=False)),
        ("0608041234ff09", Concatenation(0x1234, 255, 9, wide=True)),
        ("0b0504158215820003070302", Concatenation(7, 3, 2, wide=False)),  # behind ports
        ("0a00030103010003020302", Concatenation(2, 3, 2, wide=False)),  # repeated: the last counts
        ("0b0003010301080400020302", Concatenation(2, 3, 2, wide=True)),  # contradicting: the last counts
        ("050003010200", None),  # part 0
        ("050003010203", None),  # part 3 of 2
        ("050003010000", None),  # part 0 of 0
        ("03000101", None),  # too short to say
        ("06050415821582", None),  # ports alone
        ("", None),
    ],
)
def test_a_header_says_which_part_it_is_or_nothing(header, concatenation):
    assert concatenation_of(bytes.fromhex(header)) == concatenation


@pytest.mark.parametrize(
    "concatenation",
    [
        Concatenation(0, 0, 0, wide=False),
        Concatenation(0, 2, 3, wide=False),
        Concatenation(0, 256, 1, wide=False),
        Concatenation(256, 2, 1, wide=False),
        Concatenation(65536, 2, 1, wide=True),
        Concatenation(-1, 2, 1, wide=True),
    ],
)
def test_a_part_that_cannot_be_has_no_element(concatenation):
    with pytest.raises(MalformedUdh, match="no part"):
        concatenation.element()


def test_what_says_which_part_it_is_can_be_taken_out() -> None:
    ports = InformationElement(5, bytes.fromhex("15821582"))

    for place in (Concatenation(7, 3, 2, False), Concatenation(7, 3, 2, True)):
        assert without_concatenation(encode_udh([place.element(), ports])) == encode_udh([ports])
        assert without_concatenation(encode_udh([place.element()])) == b""
