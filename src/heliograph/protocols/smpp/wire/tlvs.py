"""Optional parameters: tag, length, value (3.2.4 and 5.3).

A TLV is kept as the octets that came, whatever its tag: what nobody knows goes on as it is. `find` and those beside it
read the ones that somebody asks for. What can't be read at the end of a PDU, because it is cut or has no end, is kept
aside and costs neither the PDU nor the session.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

_HEAD = Struct(">HH")
MAX_VALUE = 0xFFFF
"""Octets."""
VENDORS = range(0x1400, 0x1_0000)
"""Tags that the specification has no say in: it gives vendors those up to 0x3FFF, and they use the others, too."""


class Tlv(NamedTuple):
    """One optional parameter."""

    tag: int
    value: bytes


class Tag(IntEnum):
    """The tags of the specification (5.3.2)."""

    DEST_ADDR_SUBUNIT = 0x0005
    DEST_NETWORK_TYPE = 0x0006
    DEST_BEARER_TYPE = 0x0007
    DEST_TELEMATICS_ID = 0x0008
    SOURCE_ADDR_SUBUNIT = 0x000D
    SOURCE_NETWORK_TYPE = 0x000E
    SOURCE_BEARER_TYPE = 0x000F
    SOURCE_TELEMATICS_ID = 0x0010
    QOS_TIME_TO_LIVE = 0x0017
    PAYLOAD_TYPE = 0x0019
    ADDITIONAL_STATUS_INFO_TEXT = 0x001D
    RECEIPTED_MESSAGE_ID = 0x001E
    MS_MSG_WAIT_FACILITIES = 0x0030
    PRIVACY_INDICATOR = 0x0201
    SOURCE_SUBADDRESS = 0x0202
    DEST_SUBADDRESS = 0x0203
    USER_MESSAGE_REFERENCE = 0x0204
    USER_RESPONSE_CODE = 0x0205
    SOURCE_PORT = 0x020A
    DESTINATION_PORT = 0x020B
    SAR_MSG_REF_NUM = 0x020C
    LANGUAGE_INDICATOR = 0x020D
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    CALLBACK_NUM_PRES_IND = 0x0302
    CALLBACK_NUM_ATAG = 0x0303
    NUMBER_OF_MESSAGES = 0x0304
    CALLBACK_NUM = 0x0381
    DPF_RESULT = 0x0420
    SET_DPF = 0x0421
    MS_AVAILABILITY_STATUS = 0x0422
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    DELIVERY_FAILURE_REASON = 0x0425
    MORE_MESSAGES_TO_SEND = 0x0426
    MESSAGE_STATE = 0x0427
    USSD_SERVICE_OP = 0x0501
    DISPLAY_TIME = 0x1201
    SMS_SIGNAL = 0x1203
    MS_VALIDITY = 0x1204
    ALERT_ON_MESSAGE_DELIVERY = 0x130C
    ITS_REPLY_TYPE = 0x1380
    ITS_SESSION_INFO = 0x1383


TEXTS = frozenset({Tag.ADDITIONAL_STATUS_INFO_TEXT, Tag.RECEIPTED_MESSAGE_ID})
"""C-octet strings: their last octet is a NUL."""
_SIZES: Mapping[Tag, int] = {
    Tag.DEST_ADDR_SUBUNIT: 1,
    Tag.DEST_NETWORK_TYPE: 1,
    Tag.DEST_BEARER_TYPE: 1,
    Tag.DEST_TELEMATICS_ID: 2,
    Tag.SOURCE_ADDR_SUBUNIT: 1,
    Tag.SOURCE_NETWORK_TYPE: 1,
    Tag.SOURCE_BEARER_TYPE: 1,
    Tag.SOURCE_TELEMATICS_ID: 1,
    Tag.QOS_TIME_TO_LIVE: 4,
    Tag.PAYLOAD_TYPE: 1,
    Tag.MS_MSG_WAIT_FACILITIES: 1,
    Tag.PRIVACY_INDICATOR: 1,
    Tag.USER_MESSAGE_REFERENCE: 2,
    Tag.USER_RESPONSE_CODE: 1,
    Tag.SOURCE_PORT: 2,
    Tag.DESTINATION_PORT: 2,
    Tag.SAR_MSG_REF_NUM: 2,
    Tag.LANGUAGE_INDICATOR: 1,
    Tag.SAR_TOTAL_SEGMENTS: 1,
    Tag.SAR_SEGMENT_SEQNUM: 1,
    Tag.SC_INTERFACE_VERSION: 1,
    Tag.CALLBACK_NUM_PRES_IND: 1,
    Tag.NUMBER_OF_MESSAGES: 1,
    Tag.DPF_RESULT: 1,
    Tag.SET_DPF: 1,
    Tag.MS_AVAILABILITY_STATUS: 1,
    Tag.DELIVERY_FAILURE_REASON: 1,
    Tag.MORE_MESSAGES_TO_SEND: 1,
    Tag.MESSAGE_STATE: 1,
    Tag.USSD_SERVICE_OP: 1,
    Tag.DISPLAY_TIME: 1,
    Tag.SMS_SIGNAL: 2,
    Tag.MS_VALIDITY: 1,
    Tag.ITS_REPLY_TYPE: 1,
    Tag.ITS_SESSION_INFO: 2,
}
"""Octets of those that are numbers."""


def tlv(tag: Tag, value: int | str | bytes) -> Tlv:
    """Make an optional parameter: of a number, of a text, or of octets. ValueError if the tag has no such value."""
    if isinstance(value, bytes):
        return Tlv(int(tag), value)
    if isinstance(value, str):
        if tag not in TEXTS or "\0" in value:
            raise ValueError(f"{tag.name} can't be {value!r}")
        return Tlv(int(tag), value.encode("latin-1") + b"\0")
    if tag not in _SIZES or not 0 <= value < 1 << 8 * _SIZES[tag]:
        raise ValueError(f"{tag.name} can't be {value}")
    return Tlv(int(tag), value.to_bytes(_SIZES[tag], "big"))


def of_vendors(tlvs: Iterable[Tlv], tags: Container[int] = VENDORS) -> tuple[Tlv, ...]:
    """Find those with tags of vendors' that are among `tags`."""
    return tuple(each for each in tlvs if each[0] in VENDORS and each[0] in tags)


def shown(tlvs: Iterable[Tlv]) -> str:
    """Write parameters for people: `0x1403=01 0x1404=` and so on; empty if there are none."""
    return " ".join(f"0x{tag:04x}={value.hex()}" for tag, value in tlvs)


def find(tlvs: Iterable[Tlv], tag: Tag) -> bytes | None:
    """Return the value of the first parameter with a tag; None if there is none."""
    for each in tlvs:
        if each[0] == tag:
            return each[1]
    return None


def number_in(tlvs: Iterable[Tlv], tag: Tag) -> int | None:
    """Return a parameter as a number, of as many octets as came; None if there is none, or it is empty."""
    value = find(tlvs, tag)
    return int.from_bytes(value, "big") if value else None


def text_in(tlvs: Iterable[Tlv], tag: Tag) -> str | None:
    """Return a parameter as a text, up to its first NUL, if it has one; None if there is none, or it is empty."""
    value = find(tlvs, tag)
    return None if not value else value.split(b"\0", 1)[0].decode("latin-1") or None


def encode_tlvs(tlvs: Iterable[Tlv]) -> bytes:
    """Write them one after the other. ValueError for a tag or a length that two octets can't hold."""
    out: list[bytes] = []
    for tag, value in tlvs:
        if not 0 <= tag <= 0xFFFF or len(value) > MAX_VALUE:
            raise ValueError(f"no optional parameter has the tag {tag} and {len(value)} octets")
        out += (_HEAD.pack(tag, len(value)), value)
    return b"".join(out)


def decode_tlvs(data: bytes, place: int) -> tuple[tuple[Tlv, ...], bytes]:
    """Read what begins at `place` and goes on to the end: the parameters, and the octets that are none."""
    end = len(data)
    found: list[Tlv] = []
    while end - place >= 4:
        tag, length = _HEAD.unpack_from(data, place)
        begin = place + 4
        if begin + length > end:
            break
        place = begin + length
        found.append(Tlv(tag, data[begin:place]))
    return tuple(found), data[place:]
