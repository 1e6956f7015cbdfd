"""Parts (segments): how a body is cut into messages of 140 octets, and put together again.

**The problem.** One message on the air has 140 octets of user data (3GPP TS 23.040, 9.2.3.24.1): 160 septets of the GSM
alphabet, packed, or 70 UTF-16 code units, or 140 octets of data. What is longer goes as several messages, which the
phone joins by a header in each: 6 octets, or 7 with a 16-bit reference. That leaves 153 septets, 67 code units or 134
octets to a part, and fewer behind a header of the caller's own. A message is paid for by the part, and often before it
is sent, so what is counted must be exactly what is cut.

**Units.** Everything here counts in the units of the encoding (septets, code units, octets), never in characters. Two
units can belong together: an escape and the character of the extension table behind it, or the halves of a surrogate
pair. A phone shows each part as it comes, so such a pair always stays in one part, which may make a part one unit
short. For that reason the number of parts is not a division where pairs occur: where one part ends decides where the
next can (`_Body.ends`). Taking as much as fits each time still makes the fewest parts. Where there are no pairs, a
division is enough and much quicker; `measure_text` is called for every message, and most are plain.

**What may be relied on.** `measure_*` say what a body comes to, `split_*` cut it, and for the same body both say the
same. Joining what was split gives the body back. Payloads stay unpacked here, one septet a byte: packing depends on the
header in front (`gsm.pack_septets`), and few interfaces above the air want it.

**The other direction is generous.** Inbound parts come from every kind of sender: in any order, twice, in different
encodings, with a pair cut in two. `join_parts` mends all of that, and refuses only what is not one whole message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from heliograph.text.gsm import ESCAPE, decode_gsm, encode_gsm, is_gsm, is_plain_gsm, septet_count
from heliograph.text.udh import (
    MAX_OCTETS,
    Concatenation,
    InformationElement,
    MalformedUdh,
    concatenation_of,
    encode_udh,
    parse_udh,
)

#: The total and the sequence of a part are one octet each.
MAX_PARTS = 255
GAP = "…"
"""What stands in a text for parts that never came."""


class Encoding(StrEnum):
    """The encoding of a body, which says what its units are."""

    GSM7 = "gsm7"
    """Septets (TS 23.038, 6.2.1)."""
    UCS2 = "ucs2"
    """UTF-16 code units. The standard says UCS-2 (6.2.3); phones read UTF-16, and emoji could not be sent otherwise."""
    BINARY = "binary"
    """Octets."""


class TooManyParts(ValueError):
    """A body needs more than 255 parts; `parts` is how many."""

    def __init__(self, parts: int) -> None:
        self.parts = parts
        super().__init__(parts)

    def __str__(self) -> str:
        return f"the body needs {self.parts} parts, and a message has at most {MAX_PARTS}"


class PartsMissing(ValueError):
    """Parts that do not make up one whole message."""


@dataclass(frozen=True, slots=True)
class Part:
    """One message on the air."""

    payload: bytes
    """The user data behind the header: septets, one a byte, not packed; UTF-16 big-endian; or the data itself."""
    udh: bytes
    """The header with its length octet; empty if there is none."""
    text: str | None
    """The payload as a phone shows it; None for binary."""
    encoding: Encoding


class Measure(NamedTuple):
    """How many parts a body takes, and how full the last one is."""

    encoding: Encoding
    parts: int
    """1 to 255."""
    units: int
    """Septets, UTF-16 code units or octets of the body, headers not counted."""
    room: int
    """Units still free in the last part."""


def measure_text(text: str) -> Measure:
    """Measure what `split_text(text)` comes to, without cutting. Called for every message. Raises TooManyParts."""
    if is_plain_gsm(text):
        units = len(text)
        if units <= 160:
            return Measure(Encoding.GSM7, 1, units, 160 - units)
        return _measure_even(Encoding.GSM7, units, 153)
    if is_gsm(text):
        septets = encode_gsm(text)
        units = len(septets)
        if units <= 160:
            return Measure(Encoding.GSM7, 1, units, 160 - units)
        return _measure_cuts(_Body(Encoding.GSM7, septets), 153)
    return measure_ucs2(text)


def measure_ucs2(text: str) -> Measure:
    """Measure a text that is sent as UCS-2, whatever its characters. Raises TooManyParts."""
    utf16 = _utf16(text)
    units = len(utf16) // 2
    if units <= 70:
        return Measure(Encoding.UCS2, 1, units, 70 - units)
    return _measure_cuts(_Body(Encoding.UCS2, utf16), 67)


def measure_binary(length: int, udh: bytes = b"") -> Measure:
    """Measure what `split_binary` of `length` octets comes to behind the caller's own header.

    Raises TooManyParts, MalformedUdh as `split_binary` does, and ValueError for a negative length.
    """
    if length < 0:
        raise ValueError("a length is not negative")
    parse_udh(udh)
    single = MAX_OCTETS - len(udh)
    if length <= single:
        return Measure(Encoding.BINARY, 1, length, single - length)
    return _measure_even(Encoding.BINARY, length, _budget(Encoding.BINARY, udh, wide=False))


def shorten_to_one_part(text: str) -> str:
    """Return the longest beginning of a text that fits into one part, in whichever alphabet that is."""
    septets = next((place for place, character in enumerate(text) if not is_gsm(character)), len(text))
    return max(_beginning(text[:septets], 160, septet_count), _beginning(text, 70, _code_units), key=len)


def _beginning(text: str, room: int, units_of: Callable[[str], int]) -> str:
    for place, character in enumerate(text):
        room -= units_of(character)
        if room < 0:
            return text[:place]
    return text


def _code_units(character: str) -> int:
    return 2 if ord(character) > 0xFFFF else 1


def split_text(
    text: str,
    *,
    reference: int = 0,
    wide_reference: bool = False,
    udh: bytes = b"",
    encoding: Encoding | None = None,
) -> tuple[Part, ...]:
    """Cut a text into as few parts as can be; an empty text is one empty part.

    `reference` tells a phone which parts belong together, so messages to one phone that may overlap must differ in it.
    It is taken modulo 256, or 65,536 with `wide_reference`: any counter serves. `udh` is a header of the caller's own,
    length octet first, that every part carries too, behind the concatenation. `encoding` None takes the GSM alphabet if
    that has every character, else UCS-2.

    Raises NotGsm if GSM7 is asked for and cannot be; TooManyParts; ValueError for BINARY; and MalformedUdh for octets
    that are not a header, or, if one part is not enough, a header that leaves no room or says itself which part this
    is.
    """
    if encoding is Encoding.BINARY:
        raise ValueError("a text is not binary: use split_binary")
    if encoding is None:
        encoding = Encoding.GSM7 if is_gsm(text) else Encoding.UCS2
    encoded = encode_gsm(text) if encoding is Encoding.GSM7 else _utf16(text)
    return _split(_Body(encoding, encoded), reference, wide_reference, udh)


def split_binary(
    data: bytes, *, udh: bytes = b"", reference: int = 0, wide_reference: bool = False
) -> tuple[Part, ...]:
    """Cut binary data into parts; no data is one empty part. Arguments and errors are those of `split_text`."""
    return _split(_Body(Encoding.BINARY, data), reference, wide_reference, udh)


def join_parts(parts: Sequence[Part]) -> str | bytes:
    """Join the parts of one message, in whatever order they came: to a text, or to the data if they are binary.

    If a part came twice, the first counts. Pairs that the sender did split over two parts are joined again, and parts
    may differ in encoding as long as none is binary beside a text. Raises PartsMissing if the parts are not one whole
    message, and MalformedUdh.
    """
    if not parts:
        raise PartsMissing("there are no parts")
    first = concatenation_of(parts[0].udh)
    if first is None:
        if len(parts) > 1:
            raise PartsMissing("a part that says to be the whole message is not alone")
        return _joined(parts)
    in_order: dict[int, Part] = {}
    for part in parts:
        concatenation = concatenation_of(part.udh)
        if concatenation is None or concatenation != first._replace(sequence=concatenation.sequence):
            raise PartsMissing("the parts belong to different messages")
        in_order.setdefault(concatenation.sequence, part)
    missing = [sequence for sequence in range(1, first.total + 1) if sequence not in in_order]
    if missing:
        raise PartsMissing(f"of {first.total} parts these are missing: {', '.join(map(str, missing))}")
    return _joined([in_order[sequence] for sequence in range(1, first.total + 1)])


class _Body(NamedTuple):
    """An encoded body, as units of which some pairs must stay together."""

    encoding: Encoding
    encoded: bytes

    @property
    def units(self) -> int:
        return len(self.encoded) // _octets(self.encoding)

    def ends(self, budget: int) -> list[int]:
        """List where each part ends, in units, if it takes as much as it can: that makes the fewest parts."""
        total = self.units
        ends: list[int] = []
        end = 0
        while end < total:
            end += budget
            if end < total and self._splits_pair(end):
                end -= 1
            ends.append(min(end, total))
        return ends

    def _splits_pair(self, place: int) -> bool:
        encoded = self.encoded
        if self.encoding is Encoding.GSM7:
            return encoded[place - 1] == ESCAPE
        if self.encoding is Encoding.UCS2:
            # The first octet of a code unit: 0xD8 to 0xDB of a high surrogate, 0xDC to 0xDF of a low one.
            return encoded[2 * place - 2] & 0xFC == 0xD8 and encoded[2 * place] & 0xFC == 0xDC
        return False


def _utf16(text: str) -> bytes:
    # JSON can bring half a surrogate pair into a str. It cannot be shown, but it must not break a batch either.
    return text.encode("utf-16-be", "surrogatepass")


def _octets(encoding: Encoding) -> int:
    """Return how many octets a unit of a payload has."""
    return 2 if encoding is Encoding.UCS2 else 1


def _measure_even(encoding: Encoding, units: int, budget: int) -> Measure:
    """Measure several parts of units that can be cut anywhere: arithmetic is enough."""
    parts = -(-units // budget)
    if parts > MAX_PARTS:
        raise TooManyParts(parts)
    return Measure(encoding, parts, units, parts * budget - units)


def _measure_cuts(body: _Body, budget: int) -> Measure:
    """Measure several parts with pairs among the units: where each part ends decides where the next one can."""
    ends = body.ends(budget)
    if len(ends) > MAX_PARTS:
        raise TooManyParts(len(ends))
    return Measure(body.encoding, len(ends), body.units, budget - (ends[-1] - ends[-2]))


def _room(encoding: Encoding, header: int) -> int:
    """Return how many units fit into a message behind a header of so many octets."""
    octets = MAX_OCTETS - header
    if encoding is Encoding.GSM7:
        return octets * 8 // 7
    return octets // _octets(encoding)


def _budget(encoding: Encoding, udh: bytes, *, wide: bool) -> int:
    """Return how many units fit into each of several parts. Raises MalformedUdh."""
    if concatenation_of(udh) is not None:
        raise MalformedUdh("the header says which part this is, but the body does not fit into one part")
    # The length octet is counted once: it is the caller's, or ours.
    room = _room(encoding, max(len(udh), 1) + (6 if wide else 5))
    if room < 2:  # A pair could never be placed.
        raise MalformedUdh(f"a header of {len(udh)} octets leaves no room for a body in several parts")
    return room


def _split(body: _Body, reference: int, wide: bool, udh: bytes) -> tuple[Part, ...]:
    own = parse_udh(udh)
    if body.units <= _room(body.encoding, len(udh)):
        return (_part(body.encoding, body.encoded, udh),)
    ends = body.ends(_budget(body.encoding, udh, wide=wide))
    if len(ends) > MAX_PARTS:
        raise TooManyParts(len(ends))
    reference %= 0x10000 if wide else 0x100
    width = _octets(body.encoding)
    parts: list[Part] = []
    start = 0
    for sequence, end in enumerate(ends, 1):
        header = _header(Concatenation(reference, len(ends), sequence, wide), own)
        parts.append(_part(body.encoding, body.encoded[start * width : end * width], header))
        start = end
    return tuple(parts)


def _header(concatenation: Concatenation, own: Iterable[InformationElement]) -> bytes:
    # First, so that a receiver which reads a single element still learns that there are parts.
    return encode_udh((concatenation.element(), *own))


def _part(encoding: Encoding, payload: bytes, udh: bytes) -> Part:
    return Part(payload, udh, None if encoding is Encoding.BINARY else _decoded(encoding, payload), encoding)


def _decoded(encoding: Encoding, payload: bytes) -> str:
    if encoding is Encoding.GSM7:
        return decode_gsm(payload)
    return payload.decode("utf-16-be", "surrogatepass")


def join_payloads(payloads: Sequence[tuple[Encoding, bytes] | None]) -> str | bytes:
    """Join what parts carry, in their order, to a text, or to the data if they are binary; None for one that never
    came: a text has an ellipsis there, and data go on behind it.

    Raises PartsMissing if some are binary and some are not.
    """
    kinds = {payload[0] for payload in payloads if payload is not None}
    if Encoding.BINARY in kinds:
        if len(kinds) > 1:
            raise PartsMissing("some parts are text and some are binary")
        return b"".join(payload[1] for payload in payloads if payload is not None)
    # Payloads are joined before they are read, so that a pair on a border becomes one character.
    return "".join(
        GAP if encoding is None else _decoded(encoding, b"".join(payload[1] for payload in run if payload is not None))
        for encoding, run in groupby(payloads, lambda payload: None if payload is None else payload[0])
    )


def _joined(parts: Sequence[Part]) -> str | bytes:
    return join_payloads([(part.encoding, part.payload) for part in parts])
