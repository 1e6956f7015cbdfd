"""Parts (segments): how a body is cut into messages of 140 octets, and put together again.

140 octets are 160 septets or 70 UTF-16 code units. A body that needs more is cut into parts that each carry a header
of 6 octets (7 with a 16-bit reference), which leaves 153 septets, 67 code units or 134 octets (3GPP TS 23.040,
9.2.3.24.1). An escape and its character, and the two halves of a surrogate pair, always stay together, so a part may
be one unit short.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from heliograph.text.gsm import ESCAPE, NotGsm, decode_gsm, encode_gsm, extended_count, is_gsm, unsupported
from heliograph.text.udh import Concatenation, InformationElement, MalformedUdh, concatenation_of, encode_udh, parse_udh

MAX_OCTETS = 140
MAX_PARTS = 255


class Encoding(StrEnum):
    GSM7 = "gsm7"
    UCS2 = "ucs2"
    BINARY = "binary"


class TooManyParts(ValueError):
    """A body needs more than 255 parts."""


class PartsMissing(ValueError):
    """Parts do not make up one whole message."""


class Part(NamedTuple):
    """One message on the air."""

    encoding: Encoding
    payload: bytes
    """The user data behind the header: septets, one a byte; UTF-16 big-endian; or the data itself."""
    udh: bytes
    """The header with its length octet; empty if there is none."""
    text: str | None
    """What a phone shows of it; None for binary."""


class Measure(NamedTuple):
    """What a body comes to."""

    encoding: Encoding
    parts: int
    units: int
    """Septets, UTF-16 code units or octets of the whole body."""
    room: int
    """Units still free in the last part."""


def measure_text(text: str) -> Measure:
    """What a text comes to, without cutting it up: for every message on its way. Raises TooManyParts."""
    if is_gsm(text):
        doubles = extended_count(text)
        units = len(text) + doubles
        if units <= 160:
            return Measure(Encoding.GSM7, 1, units, 160 - units)
        return _measured(Encoding.GSM7, units, 153, _gsm_units(text) if doubles else None)
    units = len(text.encode("utf-16-be", "surrogatepass")) // 2
    if units <= 70:
        return Measure(Encoding.UCS2, 1, units, 70 - units)
    return _measured(Encoding.UCS2, units, 67, _utf16_units(text) if units > len(text) else None)


def measure_binary(length: int, udh: bytes = b"") -> Measure:
    """What binary data of `length` octets comes to behind the caller's own header. Raises as `split_binary` does."""
    single = MAX_OCTETS - len(udh)
    if length <= single:
        return Measure(Encoding.BINARY, 1, length, single - length)
    return _measured(Encoding.BINARY, length, _budget(Encoding.BINARY, udh, wide=False), None)


def split_text(
    text: str,
    *,
    reference: int = 0,
    wide_reference: bool = False,
    udh: bytes = b"",
    encoding: Encoding | None = None,
) -> tuple[Part, ...]:
    """The parts of a text; an empty text is one empty part.

    `reference` ties parts together: messages to one phone that may overlap must differ in it (modulo 256, or 65,536
    with `wide_reference`). `udh` is a header of the caller's own that every part carries too. `encoding` None takes the
    GSM alphabet if it has every character, else UCS-2. Raises NotGsm if GSM7 is asked for and cannot be, TooManyParts,
    and MalformedUdh for a header that is none, leaves no room, or concatenates already.
    """
    if encoding is None:
        encoding = Encoding.GSM7 if is_gsm(text) else Encoding.UCS2
    if encoding is Encoding.BINARY:
        raise ValueError("a text is not binary; use split_binary")
    if encoding is Encoding.GSM7 and not is_gsm(text):
        raise NotGsm(unsupported(text))
    units = _gsm_units(text) if encoding is Encoding.GSM7 else _utf16_units(text)
    return _split(encoding, units, reference, wide_reference, udh)


def split_binary(
    data: bytes, *, udh: bytes = b"", reference: int = 0, wide_reference: bool = False
) -> tuple[Part, ...]:
    """The parts of binary data; see `split_text`."""
    units = _Units(data, 1, lambda _end: False)
    return _split(Encoding.BINARY, units, reference, wide_reference, udh)


class _Units(NamedTuple):
    """An encoded body as units that may not all be parted."""

    encoded: bytes
    width: int
    """Octets of `encoded` in a unit."""
    binds: Callable[[int], bool]
    """Whether the unit before the given place belongs to the one after it."""

    def cuts(self, budget: int) -> list[int]:
        """Where each part ends, each as long as it can be."""
        total = len(self.encoded) // self.width
        ends: list[int] = []
        start = 0
        while start < total:
            end = min(start + budget, total)
            if end < total and self.binds(end):
                end -= 1
            ends.append(end)
            start = end
        return ends


def _gsm_units(text: str) -> _Units:
    septets = encode_gsm(text)
    return _Units(septets, 1, lambda end: septets[end - 1] == ESCAPE)


def _utf16_units(text: str) -> _Units:
    encoded = text.encode("utf-16-be", "surrogatepass")
    return _Units(encoded, 2, lambda end: 0xD8 <= encoded[2 * end - 2] < 0xDC and 0xDC <= encoded[2 * end] < 0xE0)


def _measured(encoding: Encoding, units: int, budget: int, bound: _Units | None) -> Measure:
    """`bound` None: the units can be parted anywhere, so the parts need not be looked for."""
    if bound is None:
        parts = -(-units // budget)
        room = parts * budget - units
    else:
        ends = bound.cuts(budget)
        parts = len(ends)
        room = budget - (ends[-1] - ends[-2])
    if parts > MAX_PARTS:
        raise TooManyParts(f"{parts} parts; {MAX_PARTS} are possible")
    return Measure(encoding, parts, units, room)


def _room(encoding: Encoding, header: int) -> int:
    """Units that fit behind a header of so many octets."""
    octets = MAX_OCTETS - header
    if encoding is Encoding.GSM7:
        return octets * 8 // 7
    return octets // 2 if encoding is Encoding.UCS2 else octets


def _budget(encoding: Encoding, udh: bytes, *, wide: bool) -> int:
    """Units in each of several parts. Raises MalformedUdh if the header leaves no room, or concatenates already."""
    if concatenation_of(udh) is not None:
        raise MalformedUdh("the header already belongs to one part of several, and the body does not fit into one")
    room = _room(encoding, (len(udh) or 1) + (6 if wide else 5))
    if room < 2:
        raise MalformedUdh(f"a header of {len(udh)} octets leaves no room for a body in several parts")
    return room


def _split(encoding: Encoding, units: _Units, reference: int, wide: bool, udh: bytes) -> tuple[Part, ...]:
    own = parse_udh(udh)
    total_units = len(units.encoded) // units.width
    if total_units <= _room(encoding, len(udh)):
        return (_part(encoding, units.encoded, udh),)
    ends = units.cuts(_budget(encoding, udh, wide=wide))
    if len(ends) > MAX_PARTS:
        raise TooManyParts(f"{len(ends)} parts; {MAX_PARTS} are possible")
    parts: list[Part] = []
    start = 0
    for sequence, end in enumerate(ends, 1):
        header = _header(own, Concatenation(reference, len(ends), sequence, wide))
        parts.append(_part(encoding, units.encoded[start * units.width : end * units.width], header))
        start = end
    return tuple(parts)


def _header(own: tuple[InformationElement, ...], concatenation: Concatenation) -> bytes:
    return encode_udh((concatenation.element(), *own))


def _part(encoding: Encoding, payload: bytes, udh: bytes) -> Part:
    return Part(encoding, payload, udh, _text_of(encoding, payload))


def _text_of(encoding: Encoding, payload: bytes) -> str | None:
    if encoding is Encoding.BINARY:
        return None
    if encoding is Encoding.GSM7:
        return decode_gsm(payload)
    return payload.decode("utf-16-be", "surrogatepass")


def join_parts(parts: Sequence[Part]) -> str | bytes:
    """The whole body of a message's parts, in whatever order they came; a part that came twice counts once.

    Raises PartsMissing if they are not one whole message.
    """
    if not parts:
        raise PartsMissing("there are no parts")
    heads = [concatenation_of(part.udh) for part in parts]
    if len(parts) == 1 and heads[0] is None:
        return _joined(parts)
    in_order: dict[int, Part] = {}
    for head, part in zip(heads, parts, strict=True):
        if head is None or heads[0] is None or (head.reference, head.total) != (heads[0].reference, heads[0].total):
            raise PartsMissing("the parts belong to different messages")
        in_order[head.sequence] = part
    if heads[0] is None or len(in_order) != heads[0].total:
        raise PartsMissing(f"only the parts {sorted(in_order)} are here")
    return _joined([part for _, part in sorted(in_order.items())])


def _joined(parts: Sequence[Part]) -> str | bytes:
    payload = b"".join(part.payload for part in parts)
    text = _text_of(parts[0].encoding, payload)
    return payload if text is None else text
