"""Texts on the wire: data_coding, alphabets, and what goes in several PDUs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.protocols.smpp.wire.codec import decode, encode
from heliograph.protocols.smpp.wire.coding import (
    UDHI,
    Alphabet,
    Coding,
    Heard,
    LongMessages,
    Piece,
    alphabet_of,
    binary_pieces,
    hear,
    text_pieces,
)
from heliograph.protocols.smpp.wire.pdus import DataSm, DeliverSm
from heliograph.protocols.smpp.wire.tlvs import Tag, Tlv, find, number_in, tlv
from heliograph.text import Encoding, encode_udh, is_gsm, join_payloads
from heliograph.text.gsm import CHARACTERS
from heliograph.text.udh import InformationElement

GSM, LATIN1, ASCII = Alphabet.GSM, Alphabet.LATIN1, Alphabet.ASCII
UCS2 = 8
PORTS = encode_udh([InformationElement(5, bytes.fromhex("15821582"))])
texts = st.one_of(st.text(CHARACTERS, max_size=700), st.text(st.characters(codec="utf-8"), max_size=300))


def delivered(piece: Piece) -> DeliverSm:
    """What a phone's message would be, with the octets of one of ours."""
    pdu = decode(
        encode(
            DeliverSm(
                esm_class=piece.esm_class,
                data_coding=piece.data_coding,
                short_message=piece.short_message,
                tlvs=piece.tlvs,
            )
        )
    )
    assert isinstance(pdu, DeliverSm)
    return pdu


def whole(pieces: list[Piece], coding: Coding) -> str | bytes:
    """What they come to, in whatever order they come."""
    heard = [hear(delivered(piece), coding) for piece in reversed(pieces)]
    if len(heard) > 1:
        assert {(each.place.total, each.place.reference) for each in heard if each.place} == {(len(heard), 7)}
    in_order = sorted(heard, key=lambda each: each.place.sequence if each.place else 0)
    return join_payloads([(each.part.encoding, each.part.payload) for each in in_order])


CODINGS = [
    Coding(long_messages=long, packed=packed, alphabet_0=alphabet, data_coding=number)
    for long in LongMessages
    for packed in (False, True)
    for alphabet in (GSM, LATIN1, ASCII)
    for number in (0, 3, 0xF1)
]


@given(texts, st.sampled_from(CODINGS), st.booleans(), st.sampled_from([b"", PORTS]))
def test_a_text_survives_every_way_to_send_it(text: str, coding: Coding, flash: bool, udh: bytes) -> None:
    pieces = text_pieces(text, coding, reference=7, flash=flash, udh=udh)

    found = whole(pieces, coding)
    if coding.packed and all(len(piece.short_message) for piece in pieces):
        # Where the last octet has room for one septet more, an @ at the end is taken for the filling.
        assert isinstance(found, str)
        assert found.replace("@", "") == text.replace("@", "")
    else:
        assert found == text
    assert all(len(piece.short_message) <= 160 for piece in pieces)


@given(st.binary(max_size=600), st.sampled_from(LongMessages))
def test_octets_survive_every_way_to_send_them(data: bytes, long: LongMessages) -> None:
    coding = Coding(long_messages=long)

    assert whole(binary_pieces(data, coding, reference=7), coding) == data


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=255), st.sampled_from(CODINGS))
def test_everything_can_be_read_somehow(esm_class: int, data_coding: int, octets: bytes, coding: Coding) -> None:
    heard = hear(DeliverSm(esm_class=esm_class, data_coding=data_coding, short_message=octets), coding)

    assert isinstance(join_payloads([(heard.part.encoding, heard.part.payload)]), str | bytes)


# -- what numbers mean


@pytest.mark.parametrize(
    ("number", "alphabet"),
    [
        (1, ASCII),
        (2, Alphabet.BINARY),
        (3, LATIN1),
        (4, Alphabet.BINARY),
        (6, Alphabet.CYRILLIC),
        (7, Alphabet.HEBREW),
        (8, Alphabet.UCS2),
        (0x10, GSM),
        (0x14, Alphabet.BINARY),
        (0x18, Alphabet.UCS2),
        (0xE0, Alphabet.UCS2),
        (0xF0, GSM),
        (0xF5, Alphabet.BINARY),
    ],
)
def test_trap_18_data_coding_is_read_by_its_group(number: int, alphabet: Alphabet) -> None:
    assert alphabet_of(number, LATIN1) is alphabet


@pytest.mark.parametrize("number", [0, 11, 12, 15])
def test_trap_17_what_is_reserved_is_as_usual(number: int) -> None:
    assert alphabet_of(number, LATIN1) is LATIN1


@pytest.mark.parametrize(
    ("alphabet", "octets"), [(GSM, b"5 \x01 is 6 \x02"), (LATIN1, b"5 \xa3 is 6 $"), (ASCII, None)]
)
def test_trap_19_nought_is_what_the_smsc_takes_for_usual(alphabet: Alphabet, octets: bytes | None) -> None:
    (piece,) = text_pieces("5 £ is 6 $", Coding(alphabet_0=alphabet), reference=1)

    if octets is None:
        assert (piece.data_coding, piece.short_message) == (UCS2, "5 £ is 6 $".encode("utf-16-be"))
    else:
        assert (piece.data_coding, piece.short_message) == (0, octets)


def test_trap_19_it_may_be_another_one_in_what_the_smsc_sends() -> None:
    coding = Coding(alphabet_0=GSM, alphabet_0_inbound=LATIN1)
    (sent,) = text_pieces("£", coding, reference=1)

    assert sent.short_message == b"\x01"
    assert hear(DeliverSm(short_message=b"\xa3"), coding).part.text == "£"


def test_trap_19_what_latin1_lacks_goes_as_ucs2() -> None:
    (piece,) = text_pieces("3 €", Coding(alphabet_0=LATIN1), reference=1)

    assert (piece.data_coding, piece.short_message) == (UCS2, "3 €".encode("utf-16-be"))


def test_trap_20_septets_are_packed_only_if_told() -> None:
    (unpacked,) = text_pieces("hellohello", Coding(), reference=1)
    (packed,) = text_pieces("hellohello", Coding(packed=True), reference=1)

    assert unpacked.short_message == b"hellohello"
    assert packed.short_message == bytes.fromhex("e8329bfd4697d9ec37")


def test_trap_20_packed_septets_begin_at_a_septet_behind_a_header() -> None:
    """A header of 6 octets is 48 bits: one bit fills up the seventh septet."""
    first, _ = text_pieces("a" * 161, Coding(packed=True), reference=7)

    assert first.short_message[:6] == bytes.fromhex("050003070201")
    assert first.short_message[6] == (ord("a") << 1) & 0xFF
    assert len(first.short_message) == 140
    assert hear(delivered(first), Coding(packed=True)).part.text == "a" * 153


def test_trap_20_a_filling_is_no_letter() -> None:
    (piece,) = text_pieces("sevens!", Coding(packed=True), reference=1)

    assert len(piece.short_message) == 7
    assert hear(delivered(piece), Coding(packed=True)).part.text == "sevens!"


@pytest.mark.parametrize("text", ["a" * 152 + "€" + "a" * 20, "ж" * 66 + "😀" + "ж" * 20])
@pytest.mark.parametrize("long", [LongMessages.UDH, LongMessages.UDH16, LongMessages.SAR])
def test_trap_21_pairs_stay_together(text: str, long: LongMessages) -> None:
    pieces = text_pieces(text, Coding(long_messages=long), reference=7)

    each = [hear(delivered(piece)).part.text or "" for piece in pieces]
    assert "".join(each) == text


def test_trap_21_pairs_that_others_cut_come_together_again() -> None:
    emoji = "😀".encode("utf-16-be")
    first, second = (
        hear(DeliverSm(esm_class=UDHI, data_coding=8, short_message=bytes((5, 0, 3, 9, 2, place)) + half))
        for place, half in ((1, emoji[:2]), (2, emoji[2:]))
    )

    assert "\ufffd" in (first.part.text or "")
    assert join_payloads([(each.part.encoding, each.part.payload) for each in (first, second)]) == "😀"


def test_trap_21_a_stray_octet_of_ucs2_is_left_out() -> None:
    assert hear(DeliverSm(data_coding=8, short_message=b"\0H\0i\0")).part.text == "Hi"


def test_trap_22_ucs2_is_utf16() -> None:
    (piece,) = text_pieces("😀", Coding(), reference=1)

    assert (piece.data_coding, piece.short_message) == (UCS2, b"\xd8\x3d\xde\x00")
    assert hear(DeliverSm(data_coding=8, short_message=b"\xd8\x3d\0a")).part.text == "\ufffda"
    assert hear(DeliverSm(data_coding=8, short_message=b"\xff\xfea\0")).part.text == "a"
    assert hear(DeliverSm(data_coding=8, short_message=b"\xfe\xff\0a")).part.text == "a"


# -- what is long


def test_trap_23_each_way_to_say_which_part_it_is() -> None:
    def sent(long: LongMessages) -> list[Piece]:
        return text_pieces("a" * 200, Coding(long_messages=long), reference=0x1234)

    assert [piece.short_message[:6].hex() for piece in sent(LongMessages.UDH)] == ["050003340201", "050003340202"]
    assert [piece.short_message[:7].hex() for piece in sent(LongMessages.UDH16)] == [
        "06080412340201",
        "06080412340202",
    ]
    assert {piece.esm_class for piece in sent(LongMessages.UDH) + sent(LongMessages.UDH16)} == {UDHI}
    for place, piece in enumerate(sent(LongMessages.SAR), 1):
        assert (piece.esm_class, piece.short_message) == (0, b"a" * (153 if place == 1 else 47))
        assert [number_in(piece.tlvs, tag) for tag in (Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)] == [2, place]
    (payload,) = sent(LongMessages.PAYLOAD)
    assert (payload.short_message, find(payload.tlvs, Tag.MESSAGE_PAYLOAD)) == (b"", b"a" * 200)
    assert payload.esm_class == 0


def test_trap_23_a_header_of_ones_own_goes_with_each_way() -> None:
    for long in LongMessages:
        for piece in text_pieces("a" * 200, Coding(long_messages=long), reference=1, udh=PORTS):
            octets = piece.short_message or find(piece.tlvs, Tag.MESSAGE_PAYLOAD) or b""
            assert piece.esm_class == UDHI
            assert PORTS[1:] in octets[: octets[0] + 1]


def test_trap_23_parts_are_told_apart_by_each_kind_of_reference() -> None:
    def heard(long: LongMessages) -> Heard:
        return hear(delivered(text_pieces("a" * 200, Coding(long_messages=long), reference=9)[0]))

    named = [heard(long).named for long in (LongMessages.UDH, LongMessages.UDH16, LongMessages.SAR)]
    assert named == ["udh", "udh16", "sar"]


@pytest.mark.parametrize(
    "tlvs",
    [
        (tlv(Tag.SAR_MSG_REF_NUM, 1), tlv(Tag.SAR_TOTAL_SEGMENTS, 2)),
        (tlv(Tag.SAR_MSG_REF_NUM, 1), tlv(Tag.SAR_TOTAL_SEGMENTS, 2), tlv(Tag.SAR_SEGMENT_SEQNUM, 3)),
        (tlv(Tag.SAR_MSG_REF_NUM, 1), tlv(Tag.SAR_TOTAL_SEGMENTS, 1), tlv(Tag.SAR_SEGMENT_SEQNUM, 1)),
        (Tlv(Tag.SAR_MSG_REF_NUM, b""), tlv(Tag.SAR_TOTAL_SEGMENTS, 2), tlv(Tag.SAR_SEGMENT_SEQNUM, 1)),
    ],
)
def test_trap_23_a_part_that_can_not_be_is_a_message(tlvs: tuple[Tlv, ...]) -> None:
    assert hear(DeliverSm(short_message=b"Hi", tlvs=tlvs)).place is None


def test_trap_24_a_header_is_marked_and_is_no_text() -> None:
    first, _ = text_pieces("a" * 200, Coding(), reference=7)

    assert first.esm_class & UDHI
    assert hear(delivered(first)).part.text == "a" * 153
    unmarked = hear(DeliverSm(short_message=first.short_message)).part.text or ""
    assert unmarked.endswith("a" * 153)
    assert unmarked != "a" * 153


def test_a_header_that_is_none_is_text() -> None:
    assert hear(DeliverSm(esm_class=UDHI, short_message=b"Hello")).part.text == "Hello"
    assert hear(DeliverSm(esm_class=UDHI)).part.text == ""


def test_a_payload_is_read_where_the_message_is_empty() -> None:
    payload = (tlv(Tag.MESSAGE_PAYLOAD, b"Hello"),)

    assert hear(DeliverSm(tlvs=payload)).part.text == "Hello"
    assert hear(DataSm(tlvs=payload)).part.text == "Hello"


def test_what_is_to_be_shown_at_once_says_so_in_either_way() -> None:
    for text, number in (("Hi", 0x10), ("ж", 0x18)):
        (by_class,) = text_pieces(text, Coding(), reference=1, flash=True)
        (by_subunit,) = text_pieces(text, Coding(flash_by_subunit=True), reference=1, flash=True)
        assert (by_class.data_coding, by_class.tlvs) == (number, ())
        assert by_subunit.data_coding in {0, UCS2}
        assert number_in(by_subunit.tlvs, Tag.DEST_ADDR_SUBUNIT) == 1
    (binary,) = binary_pieces(b"ab", Coding(), reference=1, flash=True)
    assert binary.data_coding == 0x14


@given(texts)
def test_ucs2_can_be_asked_for(text: str) -> None:
    pieces = text_pieces(text, Coding(alphabet_0=LATIN1), reference=7, ucs2=True)

    assert {piece.data_coding for piece in pieces} == {UCS2}
    assert is_gsm(text) or {piece.data_coding for piece in text_pieces(text, Coding(), reference=7)} == {UCS2}
    assert {hear(delivered(piece)).part.encoding for piece in pieces} == {Encoding.UCS2}
