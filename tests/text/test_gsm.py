"""The GSM alphabet: which characters it has, what they become, and how septets are packed."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.text import (
    NotGsm,
    decode_gsm,
    encode_gsm,
    is_gsm,
    pack_septets,
    septet_count,
    unpack_septets,
    unsupported,
)

# Written out again from TS 23.038, row by row of the low bits, so that a slip in the source cannot hide here.
ROWS = [
    "@Δ 0¡P¿p",
    "£_!1AQaq",
    '$Φ"2BRbr',
    "¥Γ#3CScs",
    "èΛ¤4DTdt",
    "éΩ%5EUeu",
    "ùΠ&6FVfv",
    "ìΨ'7GWgw",
    "òΣ(8HXhx",
    "ÇΘ)9IYiy",
    "\nΞ*:JZjz",
    "Ø\x1b+;KÄkä",
    "øÆ,<LÖlö",
    "\ræ-=MÑmñ",
    "Åß.>NÜnü",
    "åÉ/?O§oà",
]
CODES = {character: column << 4 | row for row, line in enumerate(ROWS) for column, character in enumerate(line)}
DEFAULT = "".join(sorted(CODES.keys() - {"\x1b"}))
EXTENSION = "\f^{}\\[~]|€"

gsm_texts = st.text(st.sampled_from(DEFAULT + EXTENSION))
septets = st.binary().map(lambda data: bytes(octet & 0x7F for octet in data))


@pytest.mark.parametrize("character", DEFAULT, ids=ascii)
def test_a_character_of_the_default_table_is_one_septet(character):
    assert encode_gsm(character) == bytes([CODES[character]])
    assert septet_count(character) == 1


@pytest.mark.parametrize(
    ("character", "code"),
    [
        ("\f", 0x0A),
        ("^", 0x14),
        ("{", 0x28),
        ("}", 0x29),
        ("\\", 0x2F),
        ("[", 0x3C),
        ("~", 0x3D),
        ("]", 0x3E),
        ("|", 0x40),
        ("€", 0x65),
    ],
)
def test_a_character_of_the_extension_table_is_an_escape_and_a_septet(character, code):
    assert encode_gsm(character) == bytes([0x1B, code])
    assert septet_count(character) == 2
    assert decode_gsm(bytes([0x1B, code])) == character


def test_the_alphabet_has_137_characters_and_no_other_of_unicode():
    everything = map(chr, range(0x110000))
    assert sorted(character for character in everything if is_gsm(character)) == sorted(DEFAULT + EXTENSION)


@given(gsm_texts)
def test_a_text_survives_encoding_and_decoding(text):
    assert decode_gsm(encode_gsm(text)) == text
    assert len(encode_gsm(text)) == septet_count(text)


@given(st.text())
def test_a_text_is_gsm_exactly_if_it_can_be_encoded_and_nothing_in_it_is_unsupported(text):
    try:
        encode_gsm(text)
    except NotGsm as error:
        assert not is_gsm(text)
        assert list(error.characters) == unsupported(text) == [c for c in dict.fromkeys(text) if not is_gsm(c)]
        with pytest.raises(NotGsm):
            septet_count(text)
    else:
        assert is_gsm(text)
        assert unsupported(text) == []


def test_unsupported_characters_come_once_and_in_their_order():
    assert unsupported("ça va? ☺ ok ç☺") == ["ç", "☺"]


@pytest.mark.parametrize("text", ["\x1b", "ç", "`", "\t", "á", "\ud83d", "e\u0301"], ids=ascii)
def test_what_resembles_the_alphabet_is_not_in_it(text):
    assert not is_gsm(text)


def test_a_refusal_names_the_characters_and_survives_pickling():
    with pytest.raises(NotGsm, match="ç☺") as refusal:
        encode_gsm("ça ☺")
    copy = pickle.loads(pickle.dumps(refusal.value))
    assert copy.characters == ("ç", "☺")
    assert str(copy) == str(refusal.value)


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"\x1b", " "),  # an escape at the end
        (b"a\x1b", "a "),
        (b"\x1ba", "a"),  # no such code in the extension table: that of the default table
        (b"\x1b\x00", "@"),
        (b"\x1b\x0d", "\r"),
        (b"\x1b\x1b", " "),  # announces a further table, which does not exist
        (b"\x1b\x1be", " e"),
        (b"\x1b\x1b\x1be", " €"),
        (b"\xe1\x80", "a@"),  # the eighth bit means nothing
        (b"", ""),
    ],
)
def test_septets_that_no_encoder_writes_are_read_as_the_standard_says(octets, text):
    assert decode_gsm(octets) == text


@given(st.binary())
def test_all_octets_decode_to_a_gsm_text(octets):
    assert is_gsm(decode_gsm(octets))


# Packing


@pytest.mark.parametrize(
    ("text", "packed"),
    [
        ("", ""),
        ("a", "61"),
        ("hellohello", "e8329bfd4697d9ec37"),
        ("12345678", "31d98c56b3dd70"),  # eight septets, seven octets, no bit to spare
        ("€", "9b32"),
    ],
)
def test_known_texts_pack_to_known_octets(text, packed):
    assert pack_septets(encode_gsm(text)).hex() == packed


def _bits(octets: bytes) -> str:
    """The lowest bit of the first octet first."""
    return "".join(f"{octet:08b}"[::-1] for octet in octets)


@pytest.mark.parametrize("fill_bits", range(7))
@given(septets)
def test_packing_lays_seven_bits_after_seven_bits_behind_the_fill_bits(fill_bits, text):
    wanted = "0" * fill_bits + "".join(f"{septet:07b}"[::-1] for septet in text)
    packed = pack_septets(text, fill_bits)
    assert len(packed) == -(-len(wanted) // 8)
    assert _bits(packed) == wanted.ljust(8 * len(packed), "0")


@pytest.mark.parametrize("fill_bits", range(7))
@given(septets, st.binary(max_size=3))
def test_unpacking_gives_back_what_was_packed_whatever_follows(fill_bits, text, more):
    assert unpack_septets(pack_septets(text, fill_bits) + more, len(text), fill_bits) == text


def test_160_septets_fill_140_octets_and_153_fit_behind_a_header_of_six():
    assert len(pack_septets(b"x" * 160)) == 140
    assert len(pack_septets(b"x" * 153, -8 * 6 % 7)) == 134


@pytest.mark.parametrize(("octets", "count"), [(b"", 1), (b"\x00", 2), (bytes(7), 9), (b"abc", -1)])
def test_more_septets_than_there_are_cannot_be_unpacked(octets, count):
    with pytest.raises(ValueError, match="septets"):
        unpack_septets(octets, count)


@pytest.mark.parametrize("fill_bits", [-1, 7])
def test_fill_bits_are_zero_to_six(fill_bits):
    with pytest.raises(ValueError, match="fill bits"):
        pack_septets(b"a", fill_bits)
    with pytest.raises(ValueError, match="fill bits"):
        unpack_septets(b"abcdefgh", 1, fill_bits)


def test_an_octet_with_eight_bits_is_not_packed():
    with pytest.raises(ValueError, match="seven bits"):
        pack_septets(b"\x80")
