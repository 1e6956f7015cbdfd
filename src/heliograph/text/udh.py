"""The user data header: information elements in front of the user data (3GPP TS 23.040, 9.2.3.24).

On the wire: one octet with the length of what follows (UDHL), then for each element its identifier, the length of its
data, its data. Everywhere in this room a header is those octets, length included, and `b""` where there is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

#: Octets of user data in one message, header included (9.2.3.24.1).
MAX_OCTETS = 140

_CONCATENATION = 0x00
_CONCATENATION_WIDE = 0x08


class MalformedUdh(ValueError):
    """Octets that are not a user data header, or a header that cannot be encoded."""


class InformationElement(NamedTuple):
    id: int
    """0 to 255 (9.2.3.24)."""
    data: bytes


class Concatenation(NamedTuple):
    """Which part of which message a part is (9.2.3.24.1; 9.2.3.24.8 where the reference has 16 bits)."""

    reference: int
    """The same in all parts of a message: 0 to 255, or to 65,535 if `wide`."""
    total: int
    """1 to 255."""
    sequence: int
    """1 to `total`."""
    wide: bool

    def element(self) -> InformationElement:
        """Encode it as it goes into a header. Raises MalformedUdh if a number is out of its range."""
        if not 1 <= self.sequence <= self.total <= 255 or not 0 <= self.reference < (0x10000 if self.wide else 0x100):
            raise MalformedUdh(f"there is no part like {self}")
        reference = self.reference.to_bytes(2 if self.wide else 1, "big")
        kind = _CONCATENATION_WIDE if self.wide else _CONCATENATION
        return InformationElement(kind, reference + bytes((self.total, self.sequence)))


def parse_udh(octets: bytes) -> tuple[InformationElement, ...]:
    """Parse a header into its elements, in its order; none for `b""`.

    The header begins with its length octet and ends where that says. Raises MalformedUdh if it does not, or if an
    element runs over its end.
    """
    if not octets:
        return ()
    if octets[0] != len(octets) - 1:
        raise MalformedUdh(f"the header says that {octets[0]} octets follow, but {len(octets) - 1} do")
    elements: list[InformationElement] = []
    place = 1
    while place < len(octets):
        if place + 1 == len(octets):
            raise MalformedUdh(f"the element {octets[place]:#04x} at the end has no length")
        end = place + 2 + octets[place + 1]
        if end > len(octets):
            raise MalformedUdh(f"the element {octets[place]:#04x} is longer than the header")
        elements.append(InformationElement(octets[place], octets[place + 2 : end]))
        place = end
    return tuple(elements)


def encode_udh(elements: Iterable[InformationElement]) -> bytes:
    """Encode a header of the elements; `b""` for none.

    Raises MalformedUdh for an identifier above 255, or if the header is longer than the 140 octets of a message.
    """
    body = bytearray()
    for element in elements:
        if not 0 <= element.id <= 255:
            raise MalformedUdh(f"{element.id} is no identifier of an element")
        # Checked before the length goes into one octet, which holds no more than 255.
        if len(body) + 2 + len(element.data) > MAX_OCTETS - 1:
            raise MalformedUdh(f"the header is longer than the {MAX_OCTETS} octets of a message")
        body += bytes((element.id, len(element.data))) + element.data
    return bytes((len(body),)) + body if body else b""


def without_concatenation(udh: bytes) -> bytes:
    """Return the header without what says which part this is; `b""` if nothing else is in it. Raises MalformedUdh."""
    kept = [each for each in parse_udh(udh) if each.id not in {_CONCATENATION, _CONCATENATION_WIDE}]
    return encode_udh(kept)


def concatenation_of(udh: bytes) -> Concatenation | None:
    """Find which part of which message a header belongs to; None if the message is whole. Raises MalformedUdh.

    As 9.2.3.24 and 9.2.3.24.1 ask of a receiver: an element that names an impossible part (a sequence of zero, or above
    the total) is taken as absent, and where elements repeat or contradict each other the last one counts.
    """
    found = None
    for kind, data in parse_udh(udh):
        wide = kind == _CONCATENATION_WIDE
        if (wide and len(data) == 4) or (kind == _CONCATENATION and len(data) == 3):
            total, sequence = data[-2], data[-1]
            if 1 <= sequence <= total:
                found = Concatenation(int.from_bytes(data[:-2], "big"), total, sequence, wide)
    return found
