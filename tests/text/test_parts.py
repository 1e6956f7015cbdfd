"""How many parts a body takes, where it is cut, and how parts become the body again."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.text import (
    GAP,
    MAX_PARTS,
    Concatenation,
    Encoding,
    InformationElement,
    MalformedUdh,
    Measure,
    NotGsm,
    Part,
    PartsMissing,
    TooManyParts,
    concatenation_of,
    encode_gsm,
    encode_udh,
    is_gsm,
    join_parts,
    join_payloads,
    measure_binary,
    measure_text,
    pack_septets,
    parse_udh,
    septet_count,
    split_binary,
    split_text,
)

unhurried = settings(deadline=None)  # a busy machine is no failure

GSM7, UCS2, BINARY = Encoding.GSM7, Encoding.UCS2, Encoding.BINARY
PORTS = encode_udh([InformationElement(5, bytes.fromhex("15821582"))])  # 7 octets

# The known figures

TEXTS = [
    # text, encoding, parts, units, room
    ("", GSM7, 1, 0, 160),
    ("a", GSM7, 1, 1, 159),
    ("a" * 160, GSM7, 1, 160, 0),
    ("a" * 161, GSM7, 2, 161, 2 * 153 - 161),
    ("a" * 306, GSM7, 2, 306, 0),
    ("a" * 307, GSM7, 3, 307, 3 * 153 - 307),
    ("a" * 255 * 153, GSM7, 255, 255 * 153, 0),
    ("€", GSM7, 1, 2, 158),
    ("€" * 80, GSM7, 1, 160, 0),
    ("€" * 80 + "a", GSM7, 2, 161, 153 - 9),  # 76 euros in the first part, and one septet to spare
    ("a" * 152 + "€" + "a" * 7, GSM7, 2, 161, 153 - 9),  # the escape does not stay behind
    ("a" * 151 + "€" + "a" * 8, GSM7, 2, 161, 153 - 8),  # ends exactly with the part
    ("a" * 152 + "€" + "a" * 151, GSM7, 2, 305, 0),
    ("a" * 152 + "€" + "a" * 152, GSM7, 3, 306, 152),  # 306 septets, yet three parts
    ("ж", UCS2, 1, 1, 69),
    ("ж" * 70, UCS2, 1, 70, 0),
    ("ж" * 71, UCS2, 2, 71, 2 * 67 - 71),
    ("ж" * 134, UCS2, 2, 134, 0),
    ("ж" * 135, UCS2, 3, 135, 3 * 67 - 135),
    ("ж" * 255 * 67, UCS2, 255, 255 * 67, 0),
    ("😀", UCS2, 1, 2, 68),
    ("😀" * 35, UCS2, 1, 70, 0),
    ("😀" * 36, UCS2, 2, 72, 67 - 6),  # 33 in the first part, and one unit to spare
    ("ж" * 66 + "😀" + "ж" * 65, UCS2, 2, 133, 0),
    ("ж" * 66 + "😀" + "ж" * 66, UCS2, 3, 134, 66),
    ("a" * 70 + "ж", UCS2, 2, 71, 2 * 67 - 71),  # one character decides for all
    ("€" * 69 + "ж", UCS2, 1, 70, 0),  # outside GSM a euro is one unit
    ("\ud83d" * 71, UCS2, 2, 71, 2 * 67 - 71),  # halves of pairs
]


@pytest.mark.parametrize(("text", "encoding", "parts", "units", "room"), TEXTS)
def test_a_text_comes_to_known_parts(text, encoding, parts, units, room):
    assert measure_text(text) == Measure(encoding, parts, units, room)
    assert len(split_text(text)) == parts


@pytest.mark.parametrize("text", ["a" * (255 * 153 + 1), "ж" * (255 * 67 + 1), "€" * 255 * 76 + "a" * 154])
def test_more_than_255_parts_are_refused(text):
    for refusing in (measure_text, split_text):
        with pytest.raises(TooManyParts, match=f"256 parts, and a message has at most {MAX_PARTS}") as refusal:
            refusing(text)
        assert refusal.value.parts == 256


@pytest.mark.parametrize(
    ("length", "parts", "room"),
    [(0, 1, 140), (140, 1, 0), (141, 2, 2 * 134 - 141), (268, 2, 0), (269, 3, 3 * 134 - 269), (255 * 134, 255, 0)],
)
def test_binary_data_comes_to_known_parts(length, parts, room):
    assert measure_binary(length) == Measure(BINARY, parts, length, room)
    assert len(split_binary(bytes(length))) == parts


def test_binary_data_of_more_than_255_parts_is_refused():
    for refuse in (lambda: measure_binary(255 * 134 + 1), lambda: split_binary(bytes(255 * 134 + 1))):
        with pytest.raises(TooManyParts):
            refuse()


def test_a_negative_length_is_refused():
    with pytest.raises(ValueError, match="negative"):
        measure_binary(-1)


@pytest.mark.parametrize(
    ("text", "encoding", "udh", "wide", "single", "each"),
    [
        ("a", GSM7, b"", False, 160, 153),
        ("a", GSM7, b"", True, 160, 152),
        ("a", GSM7, PORTS, False, 152, 146),  # 140 - 7, and 140 - 12 octets
        ("a", GSM7, PORTS, True, 152, 145),
        ("ж", UCS2, b"", False, 70, 67),
        ("ж", UCS2, b"", True, 70, 66),
        ("ж", UCS2, PORTS, False, 66, 64),
        ("ж", UCS2, PORTS, True, 66, 63),
    ],
)
def test_headers_are_taken_off_the_budget_of_a_text(text, encoding, udh, wide, single, each):
    def sizes(length: int) -> list[int]:
        return [
            len(part.text or "")
            for part in split_text(text * length, udh=udh, wide_reference=wide)
            if part.encoding is encoding
        ]

    assert sizes(single) == [single]
    assert sizes(single + 1) == [each, single + 1 - each]
    assert sizes(3 * each) == [each, each, each]


@pytest.mark.parametrize(
    ("udh", "wide", "single", "each"),
    [(b"", False, 140, 134), (b"", True, 140, 133), (PORTS, False, 133, 128), (PORTS, True, 133, 127)],
)
def test_headers_are_taken_off_the_budget_of_binary_data(udh, wide, single, each):
    def sizes(length: int) -> list[int]:
        return [len(part.payload) for part in split_binary(bytes(length), udh=udh, wide_reference=wide)]

    assert sizes(single) == [single]
    assert sizes(single + 1) == [each, single + 1 - each]
    assert sizes(3 * each) == [each, each, each]


# What is in the parts


def test_one_part_has_no_header():
    assert split_text("Hi€") == (Part(b"Hi\x1be", b"", "Hi€", GSM7),)
    assert split_text("Hж") == (Part(b"\x00H\x04\x36", b"", "Hж", UCS2),)
    assert split_binary(b"\xff") == (Part(b"\xff", b"", None, BINARY),)
    assert split_text("") == (Part(b"", b"", "", GSM7),)


def test_several_parts_say_which_they_are():
    assert [part.udh.hex() for part in split_text("a" * 161, reference=0x4E)] == ["0500034e0201", "0500034e0202"]
    assert [part.udh.hex() for part in split_text("a" * 161, reference=0x1234, wide_reference=True)] == [
        "06080412340201",
        "06080412340202",
    ]


@pytest.mark.parametrize(
    ("wide", "counter", "reference"),
    [(False, 255, 255), (False, 256, 0), (True, 65535, 65535), (True, 65537, 1), (False, -1, 255)],
)
def test_any_counter_serves_as_reference(wide, counter, reference):
    first = split_binary(bytes(141), reference=counter, wide_reference=wide)[0]
    assert concatenation_of(first.udh) == Concatenation(reference, 2, 1, wide)


def test_the_callers_header_is_in_every_part():
    assert [part.udh for part in split_text("a", udh=PORTS)] == [PORTS]
    for part in split_text("a" * 161, udh=PORTS):
        assert parse_udh(PORTS) == parse_udh(part.udh)[1:]
        assert concatenation_of(part.udh) is not None


def test_the_encoding_can_be_chosen():
    assert split_text("a", encoding=UCS2) == (Part(b"\x00a", b"", "a", UCS2),)
    assert len(split_text("a" * 71, encoding=UCS2)) == 2
    assert split_text("a", encoding=GSM7) == split_text("a")
    with pytest.raises(NotGsm, match="☺"):
        split_text("a☺", encoding=GSM7)
    with pytest.raises(ValueError, match="split_binary"):
        split_text("a", encoding=BINARY)


OWN_CONCATENATION = encode_udh([Concatenation(1, 2, 1, wide=False).element()])


def test_a_header_that_says_which_part_it_is_may_head_one_part_only():
    assert split_text("a" * 153, udh=OWN_CONCATENATION)[0].udh == OWN_CONCATENATION
    for refuse in (
        lambda: split_text("a" * 154, udh=OWN_CONCATENATION),
        lambda: split_binary(bytes(135), udh=OWN_CONCATENATION),
        lambda: measure_binary(135, OWN_CONCATENATION),
    ):
        with pytest.raises(MalformedUdh, match="which part"):
            refuse()


@pytest.mark.parametrize("udh", [b"\x01", b"\x02\x00", encode_udh([InformationElement(5, bytes(137))]) + b"x"])
def test_a_header_that_is_none_is_refused_even_for_no_body(udh):
    for refuse in (lambda: split_text("", udh=udh), lambda: split_binary(b"", udh=udh), lambda: measure_binary(0, udh)):
        with pytest.raises(MalformedUdh):
            refuse()


def test_a_header_may_leave_room_for_one_part_but_not_for_several():
    narrow = encode_udh([InformationElement(5, bytes(130))])  # 133 octets, 138 with the concatenation
    assert [len(part.payload) for part in split_binary(bytes(8), udh=narrow)] == [2, 2, 2, 2]
    full = encode_udh([InformationElement(5, bytes(132))])  # 135 octets
    assert measure_binary(5, full) == Measure(BINARY, 1, 5, 0)
    assert len(split_binary(bytes(5), udh=full)) == 1
    for refuse in (lambda: measure_binary(6, full), lambda: split_binary(bytes(6), udh=full)):
        with pytest.raises(MalformedUdh, match="no room"):
            refuse()


# What holds for every body

gsm_texts = st.text(st.sampled_from("a\n@Å€[\f"), max_size=400)
ucs2_texts = st.text(st.sampled_from("aж€😀👍\u200d"), max_size=180)
any_texts = st.text(st.characters(exclude_categories=[]) | st.sampled_from("\ud83d\ude00"), max_size=180)
ready_texts = gsm_texts | ucs2_texts | st.text(max_size=100)


@st.composite
def long_texts(draw: st.DrawFn) -> str:
    """Few draws, many borders: characters repeated until pairs of units meet the end of a part at any place."""
    characters = st.sampled_from(draw(st.sampled_from(["a€", "aж€😀\ud83d\ude00"])))
    pieces = draw(st.lists(st.tuples(characters, st.integers(0, 170)), max_size=6))
    return "".join(character * times for character, times in pieces)


headers = st.one_of(
    st.just(b""),
    st.just(PORTS),
    # Up to 128 octets, so that small texts have many parts and pairs fall on many borders.
    st.integers(100, 125).map(lambda length: encode_udh([InformationElement(0x24, bytes(length))])),
)


def _budget_octets(udh: bytes, *, several: bool, wide: bool) -> int:
    if not several:
        return 140 - len(udh)
    return 140 - max(len(udh), 1) - (6 if wide else 5)


def _fewest(widths: Sequence[int], budget: int) -> int:
    """The fewest parts that hold indivisible pieces of these widths in order, by trying every cut."""
    best = [0] * (len(widths) + 1)  # best[i]: for the pieces from i on
    for start in range(len(widths) - 1, -1, -1):
        best[start] = len(widths)
        used = 0
        for end in range(start, len(widths)):
            used += widths[end]
            if used > budget:
                break
            best[start] = min(best[start], 1 + best[end + 1])
    return best[0]


def _fewest_parts(text: str, encoding: Encoding, udh: bytes, *, wide: bool) -> int:
    if encoding is GSM7:
        widths = [2 if character in "\f^{}\\[~]|€" else 1 for character in text]
        single, each = (_budget_octets(udh, several=several, wide=wide) * 8 // 7 for several in (False, True))
    else:
        widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
        single, each = (_budget_octets(udh, several=several, wide=wide) // 2 for several in (False, True))
    return 1 if sum(widths) <= single else _fewest(widths, each)


@settings(unhurried, max_examples=300)
@given(ready_texts, headers, st.booleans(), st.booleans())
def test_there_are_as_few_parts_as_trying_every_cut_can_find(text, udh, wide, force_ucs2):
    encoding = UCS2 if force_ucs2 or not is_gsm(text) else GSM7
    parts = split_text(text, udh=udh, wide_reference=wide, encoding=encoding)
    assert len(parts) == _fewest_parts(text, encoding, udh, wide=wide)


@unhurried
@given(any_texts | long_texts() | gsm_texts)
def test_measuring_a_text_says_what_splitting_it_does(text):
    parts = split_text(text)
    encoding = parts[0].encoding
    units = [len(part.payload) // (2 if encoding is UCS2 else 1) for part in parts]
    several = len(parts) > 1
    budget = {GSM7: 153 if several else 160, UCS2: 67 if several else 70}[encoding]
    assert measure_text(text) == Measure(encoding, len(parts), sum(units), budget - units[-1])


@unhurried
@given(st.integers(0, 700), headers)
def test_measuring_data_says_what_splitting_it_does(length, udh):
    parts = split_binary(bytes(length), udh=udh)
    room = _budget_octets(udh, several=len(parts) > 1, wide=False) - len(parts[-1].payload)
    assert measure_binary(length, udh) == Measure(BINARY, len(parts), length, room)
    assert sum(len(part.payload) for part in parts) == length


@unhurried
@given(ready_texts, headers, st.booleans())
def test_every_part_fits_into_a_message_of_140_octets(text, udh, wide):
    for part in split_text(text, udh=udh, wide_reference=wide):
        if part.encoding is GSM7:
            user_data = pack_septets(part.payload, -8 * len(part.udh) % 7)
            assert septet_count(part.text or "") == len(part.payload)
            # Seven octets hold eight septets: 160 septets end with the 140th octet and the header before them.
            assert -(-8 * len(part.udh) // 7) + len(part.payload) <= 160
        else:
            user_data = part.payload
        assert len(part.udh) + len(user_data) <= 140


@unhurried
@given(gsm_texts | ucs2_texts, headers)
def test_no_pair_is_split(text, udh):
    parts = split_text(text, udh=udh)
    assert "".join(part.text or "" for part in parts) == text
    for part in parts:
        shown = part.text or ""
        assert part.payload == (encode_gsm(shown) if part.encoding is GSM7 else shown.encode("utf-16-be"))


@unhurried
@given(ready_texts, headers, st.booleans(), st.integers(0, 70000), st.randoms(use_true_random=False))
def test_joining_the_parts_in_any_order_gives_the_text(text, udh, wide, reference, chance):
    parts = split_text(text, udh=udh, wide_reference=wide, reference=reference)
    assert join_parts(_shuffled(parts, chance)) == text


@unhurried
@given(st.binary(max_size=700), headers, st.booleans(), st.randoms(use_true_random=False))
def test_joining_the_parts_in_any_order_gives_the_data(data, udh, wide, chance):
    assert join_parts(_shuffled(split_binary(data, udh=udh, wide_reference=wide), chance)) == data


def _shuffled(parts: Sequence[Part], chance: random.Random) -> list[Part]:
    return chance.sample(parts, len(parts))


@unhurried
@given(ready_texts, headers)
def test_parts_are_numbered_from_one_and_share_their_reference(text, udh):
    parts = split_text(text, udh=udh, reference=7)
    if len(parts) > 1:
        found = [concatenation_of(part.udh) for part in parts]
        assert found == [Concatenation(7, len(parts), sequence, False) for sequence in range(1, len(parts) + 1)]


# Joining what others split


def _part(payload: bytes, encoding: Encoding, sequence: int, *, total: int = 2, reference: int = 1) -> Part:
    udh = encode_udh([Concatenation(reference, total, sequence, wide=False).element()])
    return Part(payload, udh, None if encoding is BINARY else "", encoding)


def test_a_pair_that_another_sender_split_is_whole_again():
    assert join_parts([_part(b"a\x1b", GSM7, 1), _part(b"eb", GSM7, 2)]) == "a€b"
    assert join_parts([_part(b"\xde\x00", UCS2, 2), _part(b"\xd8\x3d", UCS2, 1)]) == "😀"


def test_parts_of_a_text_may_differ_in_encoding():
    assert join_parts([_part(b"ab", GSM7, 1), _part(b"\x04\x36", UCS2, 2)]) == "abж"


def test_of_a_part_that_came_twice_the_first_counts():
    assert join_parts([_part(b"b", GSM7, 2), _part(b"a", GSM7, 1), _part(b"x", GSM7, 2)]) == "ab"


def test_a_part_that_is_the_only_one_of_one_is_the_message():
    assert join_parts([_part(b"a", GSM7, 1, total=1)]) == "a"


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([], "no parts"),
        ([_part(b"a", GSM7, 1)], "missing: 2"),
        ([_part(b"a", GSM7, 2, total=4), _part(b"a", GSM7, 2, total=4)], "of 4 parts these are missing: 1, 3, 4"),
        ([_part(b"a", GSM7, 1), _part(b"a", GSM7, 2, reference=2)], "different messages"),
        ([_part(b"a", GSM7, 1), _part(b"a", GSM7, 2, total=3)], "different messages"),
        ([_part(b"a", GSM7, 1), *split_text("b")], "different messages"),
        ([*split_text("a"), *split_text("b")], "not alone"),
        ([_part(b"a", GSM7, 1), _part(b"a", BINARY, 2)], "binary"),
        (
            [split_text("a" * 161)[0], split_text("a" * 161, wide_reference=True)[1]],  # both have the reference 0
            "different messages",
        ),
    ],
)
def test_parts_that_are_not_one_whole_message_are_refused(parts, why):
    with pytest.raises(PartsMissing, match=why):
        join_parts(parts)


def test_parts_with_a_broken_header_are_refused():
    with pytest.raises(MalformedUdh):
        join_parts([Part(b"a", b"\x05\x00", "a", GSM7)])


# Parts that are not all there


def test_what_never_came_is_marked_in_a_text_once() -> None:
    first, *_, last = split_text("a" * 500 + "€", encoding=GSM7)
    there = [(GSM7, first.payload), None, None, (GSM7, last.payload)]

    assert join_payloads(there) == f"{first.text}{GAP}{last.text}"
    assert join_payloads([None, (UCS2, "é".encode("utf-16-be"))]) == f"{GAP}é"
    assert join_payloads([(BINARY, b"ab"), None, (BINARY, b"c")]) == b"abc"


def test_half_a_pair_before_a_gap_takes_nothing_from_behind_it() -> None:
    half, other = b"\xd8\x3d", b"\xde\x00"

    assert join_payloads([(UCS2, half), (UCS2, other)]) == "😀"
    assert join_payloads([(UCS2, half), None, (UCS2, other)]) == f"\ud83d{GAP}\ude00"
