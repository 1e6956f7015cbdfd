"""The user data header: information elements in front of the user data (3GPP TS 23.040, 9.2.3.24)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

CONCATENATION_8 = 0x00
CONCATENATION_16 = 0x08
MAX_OCTETS = 140


class MalformedUdh(ValueError):
    """The octets are not a user data header."""


class InformationElement(NamedTuple):
    id: int
    data: bytes


class Concatenation(NamedTuple):
    """Which part of which message this is (9.2.3.24.1 and, with a 16-bit reference, 9.2.3.24.8)."""

    reference: int
    total: int
    """1 to 255."""
    sequence: int
    """1 to `total`."""
    wide: bool
    """The reference has 16 bits instead of 8."""

    def element(self) -> InformationElement:
        size = 2 if self.wide else 1
        reference = (self.reference % (1 << 8 * size)).to_bytes(size, "big")
        kind = CONCATENATION_16 if self.wide else CONCATENATION_8
        return InformationElement(kind, reference + bytes([self.total, self.sequence]))


def parse_udh(octets: bytes) -> tuple[InformationElement, ...]:
    """The elements of a header that begins with its length octet. Raises MalformedUdh."""
    if not octets:
        return ()
    if octets[0] != len(octets) - 1:
        raise MalformedUdh(f"the header says that {octets[0]} octets follow, but {len(octets) - 1} do")
    elements: list[InformationElement] = []
    place = 1
    while place < len(octets):
        if place + 2 > len(octets):
            raise MalformedUdh("the last element has no length")
        end = place + 2 + octets[place + 1]
        if end > len(octets):
            raise MalformedUdh(f"the element {octets[place]:#04x} is longer than the header")
        elements.append(InformationElement(octets[place], octets[place + 2 : end]))
        place = end
    return tuple(elements)


def encode_udh(elements: Iterable[InformationElement]) -> bytes:
    """The header with its length octet; nothing for no elements. MalformedUdh if they do not fit."""
    parts = [bytes([element.id, len(element.data)]) + element.data for element in elements if len(element.data) < 256]
    body = b"".join(parts)
    if len(body) + 1 > MAX_OCTETS:
        raise MalformedUdh(f"a header of {len(body) + 1} octets leaves no room in a message")
    return bytes([len(body)]) + body if body else b""


def concatenation_of(udh: bytes) -> Concatenation | None:
    """Which part this header says it heads; None if it says nothing, or nothing possible. Raises MalformedUdh."""
    for element in parse_udh(udh):
        sizes = {CONCATENATION_8: 3, CONCATENATION_16: 4}
        if sizes.get(element.id) != len(element.data):
            continue
        *reference, total, sequence = element.data
        if 1 <= sequence <= total:
            wide = element.id == CONCATENATION_16
            return Concatenation(int.from_bytes(bytes(reference), "big"), total, sequence, wide)
    return None
