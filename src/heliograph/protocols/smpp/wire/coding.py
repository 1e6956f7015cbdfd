"""Texts as octets: what `data_coding` means (5.2.19), and how what is too long for one PDU goes in several.

How a text is cut and joined is `heliograph.text`'s: here stands only what SMPP says beside it. The numbers below 16 are
SMPP's own, of which 0 means whatever the SMSC takes for usual, and that differs by SMSC and by direction; those from 16
on are the data coding schemes of GSM, octet by octet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

import msgspec

from heliograph.protocols.smpp.wire.pdus import DataSm, Message
from heliograph.protocols.smpp.wire.tlvs import Tag, Tlv, find, number_in, tlv
from heliograph.text import (
    Concatenation,
    Encoding,
    MalformedUdh,
    Part,
    concatenation_of,
    decode_gsm,
    encoding_of,
    is_gsm,
    pack_septets,
    parse_udh,
    split_binary,
    split_text,
    unpack_septets,
)

UDHI = 0x40
"""The bit of esm_class that says that the message begins with a user data header."""


class Alphabet(StrEnum):
    """What the octets of a text are; by their names for Python, but for the first two and the last."""

    GSM = "gsm"
    """Septets of GSM 03.38."""
    UCS2 = "ucs2"
    """UTF-16, big-endian: nobody means anything else by it any more."""
    ASCII = "ascii"
    LATIN1 = "latin1"
    CYRILLIC = "iso8859-5"
    HEBREW = "iso8859-8"
    JIS = "shift_jis"
    MUSIC = "iso2022_jp"
    KOREAN = "euc_kr"
    BINARY = "binary"


_A = Alphabet
_SMPP: Mapping[int, Alphabet] = {
    1: _A.ASCII,
    2: _A.BINARY,
    3: _A.LATIN1,
    4: _A.BINARY,
    5: _A.JIS,
    6: _A.CYRILLIC,
    7: _A.HEBREW,
    8: _A.UCS2,
    9: _A.JIS,
    10: _A.MUSIC,
    13: _A.JIS,
    14: _A.KOREAN,
}
_OF_SCHEMES: Mapping[Encoding, Alphabet] = {
    Encoding.GSM7: _A.GSM,
    Encoding.UCS2: _A.UCS2,
    Encoding.BINARY: _A.BINARY,
}
_CODED: Mapping[Encoding, int] = {Encoding.UCS2: 8, Encoding.BINARY: 4}
_FLASH: Mapping[Encoding, int] = {Encoding.GSM7: 0x10, Encoding.UCS2: 0x18, Encoding.BINARY: 0x14}
"""The data_coding of message class 0, which is shown at once."""


class LongMessages(StrEnum):
    """How a message goes that is too long for one part."""

    UDH = "udh"
    """In parts, each with a header and a reference of 8 bits."""
    UDH16 = "udh16"
    """The same, with 16 bits."""
    SAR = "sar"
    """In parts, each with sar_msg_ref_num, sar_total_segments and sar_segment_seqnum."""
    PAYLOAD = "payload"
    """As a whole, in message_payload: the SMSC cuts it."""


class Coding(msgspec.Struct, frozen=True, kw_only=True):
    """How one SMSC wants and writes texts."""

    alphabet_0: Alphabet = Alphabet.GSM
    """What data_coding 0 means in what we send."""
    alphabet_0_inbound: Alphabet | None = None
    """The same in what it sends; None: the same."""
    data_coding: int = 0
    """What texts of the GSM alphabet are sent with; it says in which alphabet they are written."""
    packed: bool = False
    """Septets go eight into seven octets, both ways."""
    long_messages: LongMessages = LongMessages.UDH
    flash_by_subunit: bool = False
    """A text to be shown at once has dest_addr_subunit 1, instead of a class in its data_coding."""


USUAL = Coding()


def alphabet_of(data_coding: int, alphabet_0: Alphabet = Alphabet.GSM) -> Alphabet:
    """Tell what texts of a data_coding are, any number at all; what is reserved is as `alphabet_0`."""
    if data_coding < 0x10:
        return _SMPP.get(data_coding, alphabet_0)
    return _OF_SCHEMES[encoding_of(data_coding)]


# -- what we send


class Piece(NamedTuple):
    """What a PDU says of a message, or of a part of one."""

    esm_class: int
    data_coding: int
    short_message: bytes
    tlvs: tuple[Tlv, ...]


def text_pieces(
    text: str, coding: Coding, *, reference: int, ucs2: bool = False, flash: bool = False, udh: bytes = b""
) -> list[Piece]:
    """Write a text: in the alphabet of `coding`, or in UCS-2 where that lacks a character or `ucs2` asks for it.

    `udh` is a header of the sender's own. `reference` tells phones which parts belong together: messages to one number
    should differ in it. Raises TooManyParts and MalformedUdh.
    """
    usual = _FLASH[Encoding.GSM7] if flash and not coding.flash_by_subunit else coding.data_coding
    alphabet = alphabet_of(usual, coding.alphabet_0)
    encoding = Encoding.UCS2 if ucs2 or not _has(alphabet, text) else Encoding.GSM7
    wide = coding.long_messages is LongMessages.UDH16
    parts = split_text(text, reference=reference, wide_reference=wide, udh=udh, encoding=encoding)
    number = usual if encoding is Encoding.GSM7 else _CODED[encoding]
    return _pieces(parts, alphabet, number, coding, udh=udh, flash=flash)


def binary_pieces(data: bytes, coding: Coding, *, reference: int, flash: bool = False, udh: bytes = b"") -> list[Piece]:
    """Write octets; arguments and errors are those of `text_pieces`."""
    wide = coding.long_messages is LongMessages.UDH16
    parts = split_binary(data, reference=reference, wide_reference=wide, udh=udh)
    return _pieces(parts, Alphabet.BINARY, _CODED[Encoding.BINARY], coding, udh=udh, flash=flash)


def _has(alphabet: Alphabet, text: str) -> bool:
    """Tell whether a text can be written in an alphabet. It has to be of the GSM alphabet in any case: that is what a
    phone is sent, and what parts are measured in."""
    if not is_gsm(text):
        return False
    if alphabet in {Alphabet.GSM, Alphabet.UCS2, Alphabet.BINARY}:
        return alphabet is Alphabet.GSM
    try:
        text.encode(alphabet.value)
    except UnicodeEncodeError:
        return False
    return True


def _pieces(
    parts: Sequence[Part], alphabet: Alphabet, number: int, coding: Coding, *, udh: bytes, flash: bool
) -> list[Piece]:
    extra: tuple[Tlv, ...] = ()
    if flash and coding.flash_by_subunit:
        extra = (tlv(Tag.DEST_ADDR_SUBUNIT, 1),)
    elif flash:
        number = _FLASH[parts[0].encoding]
    if len(parts) == 1 or coding.long_messages in {LongMessages.UDH, LongMessages.UDH16}:
        return [_piece(part, alphabet, number, coding, extra) for part in parts]
    if coding.long_messages is LongMessages.SAR:
        return [
            _piece(replace(part, udh=udh), alphabet, number, coding, (*extra, *_segment_of(part))) for part in parts
        ]
    piece = _piece(_whole(parts, udh), alphabet, number, coding, extra)
    payload = tlv(Tag.MESSAGE_PAYLOAD, piece.short_message)
    return [piece._replace(short_message=b"", tlvs=(*extra, payload))]


def _piece(part: Part, alphabet: Alphabet, number: int, coding: Coding, tlvs: tuple[Tlv, ...]) -> Piece:
    octets = part.payload
    if part.encoding is Encoding.GSM7:
        if alphabet is not Alphabet.GSM:
            octets = (part.text or "").encode(alphabet.value)
        elif coding.packed:
            octets = pack_septets(octets, -8 * len(part.udh) % 7)
    return Piece(UDHI if part.udh else 0, number, part.udh + octets, tlvs)


def _whole(parts: Sequence[Part], udh: bytes) -> Part:
    """Put what was cut in one piece again, for an SMSC that cuts by itself."""
    text = "".join(part.text or "" for part in parts)
    return Part(b"".join(part.payload for part in parts), udh, text, parts[0].encoding)


def _segment_of(part: Part) -> tuple[Tlv, ...]:
    found = concatenation_of(part.udh)
    assert found is not None  # noqa: S101 - it is one of several
    return (
        tlv(Tag.SAR_MSG_REF_NUM, found.reference),
        tlv(Tag.SAR_TOTAL_SEGMENTS, found.total),
        tlv(Tag.SAR_SEGMENT_SEQNUM, found.sequence),
    )


# -- what we hear


class Heard(NamedTuple):
    """What a PDU brings of a message."""

    part: Part
    """All of it, or one of its parts. What is in none of the alphabets of phones is in UCS-2 here."""
    place: Concatenation | None
    """Which part it is; None if it is all."""
    named: str
    """What tells references of different kinds apart: `udh`, `udh16` or `sar`."""


def body_of(pdu: Message | DataSm) -> bytes:
    """Return the octets of a message: of its short_message, or of its message_payload where that is empty."""
    short = b"" if isinstance(pdu, DataSm) else pdu.short_message
    return short or find(pdu.tlvs, Tag.MESSAGE_PAYLOAD) or b""


def hear(pdu: Message | DataSm, coding: Coding = USUAL) -> Heard:
    """Read a message. Every PDU has one: what can't be read in it is replaced, a header that is none is text."""
    udh, octets = _headed(pdu.esm_class, body_of(pdu))
    alphabet_0 = coding.alphabet_0 if coding.alphabet_0_inbound is None else coding.alphabet_0_inbound
    part = _part(alphabet_of(pdu.data_coding, alphabet_0), octets, udh, packed=coding.packed)
    place = concatenation_of(udh)
    if place is not None and place.total > 1:
        return Heard(part, place, "udh16" if place.wide else "udh")
    segment = _segment(pdu.tlvs)
    return Heard(part, segment, "sar" if segment else "")


def _headed(esm_class: int, octets: bytes) -> tuple[bytes, bytes]:
    """Split octets into the header and what is behind it."""
    if not esm_class & UDHI or not octets:
        return b"", octets
    length = octets[0] + 1
    try:
        parse_udh(octets[:length])
    except MalformedUdh:
        return b"", octets
    return octets[:length], octets[length:]


def _part(alphabet: Alphabet, octets: bytes, udh: bytes, *, packed: bool) -> Part:
    if alphabet is Alphabet.BINARY:
        return Part(octets, udh, None, Encoding.BINARY)
    if alphabet is Alphabet.GSM:
        septets = _unpacked(octets, udh) if packed else octets
        return Part(septets, udh, decode_gsm(septets), Encoding.GSM7)
    if alphabet is Alphabet.UCS2:
        units = _big_endian(octets)
        return Part(units, udh, units.decode("utf-16-be", "replace"), Encoding.UCS2)
    text = octets.decode(alphabet.value, "replace")
    return Part(text.encode("utf-16-be"), udh, text, Encoding.UCS2)


def _unpacked(octets: bytes, udh: bytes) -> bytes:
    """Unpack the septets, without an @ that fills up the last octet."""
    fill = -8 * len(udh) % 7
    count = max(8 * len(octets) - fill, 0) // 7
    septets = unpack_septets(octets, count, fill) if count else b""
    return septets[:-1] if (7 * count + fill) % 8 == 0 and septets.endswith(b"\0") else septets


def _big_endian(octets: bytes) -> bytes:
    """Return whole code units, in their usual order, without a mark that says which."""
    units = octets[: len(octets) // 2 * 2]
    if units.startswith(b"\xff\xfe"):
        return units[2:].decode("utf-16-le", "surrogatepass").encode("utf-16-be", "surrogatepass")
    return units.removeprefix(b"\xfe\xff")


def _segment(tlvs: Iterable[Tlv]) -> Concatenation | None:
    """Tell which part it is by the sar parameters; None if they don't say, or it can't be."""
    tlvs = tuple(tlvs)
    if not tlvs:
        return None
    reference, total, sequence = (number_in(tlvs, tag) for tag in _SEGMENT)
    if reference is None or total is None or sequence is None or not 1 <= sequence <= total <= 255 or total == 1:
        return None
    return Concatenation(reference, total, sequence, True)


_SEGMENT = (Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)
