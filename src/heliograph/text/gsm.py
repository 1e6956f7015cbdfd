"""The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038, 6.2.1 and 6.2.1.1).

A text becomes septets, one in each byte; a character of the extension table takes two, the first of them an escape.
Packing, eight septets into seven octets (6.1.2.1.1), is separate, because few interfaces above the air want it.
The national language tables of 6.2.1.2 are left out: a phone that lacks one would show other letters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

ESCAPE = 0x1B

# A character's place is its code. The escape is kept in its own place, so that decoding can find it.
_DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

CHARACTERS = _DEFAULT.replace("\x1b", "") + "".join(_EXTENSION.values())
"""All characters that a text in the GSM alphabet may have, those of its extension table included."""

#: For str.translate: a character's code point to its one or two septets.
_SEPTETS = {ord(character): chr(code) for code, character in enumerate(_DEFAULT) if code != ESCAPE}
_SEPTETS |= {ord(character): chr(ESCAPE) + chr(code) for code, character in _EXTENSION.items()}

#: What is shown for an escape and the character that the second code has in the default table. A second escape
#: announces a table that nobody has defined yet: a space.
_ESCAPED = {_DEFAULT[code]: character for code, character in _EXTENSION.items()} | {_DEFAULT[ESCAPE]: " "}
_ESCAPE_AND_NEXT = re.compile("\x1b(.?)", re.DOTALL)

_one = re.escape(_DEFAULT.replace("\x1b", ""))
_two = re.escape("".join(_EXTENSION.values()))
# fullmatch of a single class is the quickest test of a whole string: twice as quick as a search for its complement.
_all_plain = re.compile(f"[{_one}]*").fullmatch
_all_gsm = re.compile(f"[{_one}{_two}]*").fullmatch
_extended = re.compile(f"[{_two}]").findall
_foreign = re.compile(f"[^{_one}{_two}]").findall


class NotGsm(ValueError):
    """A text has characters that the GSM alphabet lacks; `characters` has each once, in the order of the text."""

    def __init__(self, characters: Sequence[str]) -> None:
        self.characters = tuple(characters)
        super().__init__(self.characters)

    def __str__(self) -> str:
        return f"not in the GSM alphabet: {''.join(self.characters)!r}"


def is_gsm(text: str) -> bool:
    """Say whether the GSM alphabet, with its extension table, has every character of a text."""
    return _all_gsm(text) is not None


def is_plain_gsm(text: str) -> bool:
    """Say whether the default table alone has every character of a text, so that each takes one septet."""
    return _all_plain(text) is not None


def unsupported(text: str) -> list[str]:
    """List the characters that force a text into UCS-2, each once, in the order of the text; none if it is GSM."""
    return list(dict.fromkeys(_foreign(text)))


def septet_count(text: str) -> int:
    """Count the septets of a text: one a character, two for one of the extension table. Raises NotGsm."""
    if not is_gsm(text):
        raise NotGsm(unsupported(text))
    return len(text) + len(_extended(text))


def encode_gsm(text: str) -> bytes:
    """Encode a text as septets, one in each byte, not packed. Raises NotGsm."""
    if not is_gsm(text):
        raise NotGsm(unsupported(text))
    return text.translate(_SEPTETS).encode("ascii")


def decode_gsm(septets: bytes) -> str:
    """Decode septets, one in each byte, to a text. Never fails: the eighth bit of a byte is ignored.

    A receiver shows an extension code that it does not know as the same code of the default table, and an escape that
    nothing follows, or another escape, as a space (6.2.1, note 1, and 6.2.1.1).
    """
    text = septets.decode("latin-1").translate(_DEFAULT * 2)
    if "\x1b" not in text:
        return text
    return _ESCAPE_AND_NEXT.sub(lambda found: _ESCAPED.get(found[1], found[1] or " "), text)


def pack_septets(septets: bytes, fill_bits: int = 0) -> bytes:
    """Pack eight septets into seven octets, behind `fill_bits` (0 to 6) zero bits.

    Septets behind a header start at a septet boundary counted from the header's first octet (TS 23.040, 9.2.3.24), so
    there `fill_bits` is `-8 * len(udh) % 7`. The bits left over in the last octet are zero and may look like one more
    septet, an `@`: whoever unpacks must be told the count. Raises ValueError for a byte above 127 or other fill bits.
    """
    _check_fill_bits(fill_bits)
    if not septets.isascii():
        raise ValueError("a septet has seven bits")
    octets = bytearray()
    for start in range(0, len(septets), 8):
        block = 0
        for septet in reversed(septets[start : start + 8]):
            block = block << 7 | septet
        octets += block.to_bytes(7, "little")
    bits = int.from_bytes(octets, "little") << fill_bits
    return bits.to_bytes((7 * len(septets) + fill_bits + 7) // 8, "little")


def unpack_septets(data: bytes, count: int, fill_bits: int = 0) -> bytes:
    """Unpack the first `count` septets, each into a byte of its own, skipping `fill_bits` (0 to 6) in front of them.

    Raises ValueError if the octets are too few for so many, or for a negative count or other fill bits.
    """
    _check_fill_bits(fill_bits)
    if count < 0 or count * 7 + fill_bits > len(data) * 8:
        raise ValueError(f"{len(data)} octets cannot hold {count} septets behind {fill_bits} bits")
    octets = (int.from_bytes(data, "little") >> fill_bits).to_bytes(len(data), "little")
    blocks = (int.from_bytes(octets[start : start + 7], "little") for start in range(0, len(octets), 7))
    return bytes([block >> shift & 0x7F for block in blocks for shift in range(0, 56, 7)][:count])


def _check_fill_bits(fill_bits: int) -> None:
    if not 0 <= fill_bits <= 6:
        raise ValueError(f"0 to 6 fill bits align septets behind a header, not {fill_bits}")
