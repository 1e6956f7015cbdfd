"""The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038, 6.2.1).

A text becomes septets, one in each byte; a character of the extension table takes two, the first of them an escape.
Packing, eight septets into seven octets, is separate (6.1.2.1.1), because few interfaces above the air want it.
"""

from __future__ import annotations

import re

ESCAPE = 0x1B

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

#: Character to septets. The escape itself stands for no character.
_ENCODED = {character: bytes([code]) for code, character in enumerate(_DEFAULT) if code != ESCAPE}
_ENCODED |= {character: bytes([ESCAPE, code]) for code, character in _EXTENSION.items()}

_default_class = "".join(re.escape(character) for character in _DEFAULT if character != "\x1b")
_extension_class = "".join(re.escape(character) for character in _EXTENSION.values())
_FOREIGN = re.compile(f"[^{_default_class}{_extension_class}]")
_EXTENDED = re.compile(f"[{_extension_class}]")


class NotGsm(ValueError):
    """A text has characters that the GSM alphabet lacks."""

    def __init__(self, characters: list[str]) -> None:
        self.characters = characters
        super().__init__(f"not in the GSM alphabet: {''.join(characters)!r}")


def is_gsm(text: str) -> bool:
    """Whether the GSM alphabet, with its extension table, has every character of the text."""
    return _FOREIGN.search(text) is None


def unsupported(text: str) -> list[str]:
    """The characters that keep the text out of the GSM alphabet, each once, in their order."""
    return list(dict.fromkeys(_FOREIGN.findall(text)))


def extended_count(text: str) -> int:
    """How many characters of the text take two septets."""
    return len(_EXTENDED.findall(text))


def septet_count(text: str) -> int:
    """How many septets the text takes. Raises NotGsm."""
    if not is_gsm(text):
        raise NotGsm(unsupported(text))
    return len(text) + extended_count(text)


def encode_gsm(text: str) -> bytes:
    """The text as septets, one in each byte. Raises NotGsm."""
    try:
        return b"".join(map(_ENCODED.__getitem__, text))
    except KeyError:
        raise NotGsm(unsupported(text)) from None


def decode_gsm(septets: bytes) -> str:
    """The text of septets, one in each byte; the eighth bit is ignored.

    As the standard asks of a receiver: an extension code that it does not know is read as the same code of the default
    table, and an escape that nothing follows, or another escape, as a space.
    """
    out: list[str] = []
    escaped = False
    for octet in septets:
        code = octet & 0x7F
        if code == ESCAPE:
            if escaped:
                out.append(" ")
            escaped = not escaped
            continue
        out.append(_EXTENSION.get(code, _DEFAULT[code]) if escaped else _DEFAULT[code])
        escaped = False
    if escaped:
        out.append(" ")
    return "".join(out)


def pack_septets(septets: bytes, fill_bits: int = 0) -> bytes:
    """Eight septets into seven octets, after `fill_bits` (0 to 6) zero bits that align the text behind a header."""
    bits = 0
    for place, septet in enumerate(septets):
        bits |= (septet & 0x7F) << (7 * place)
    return (bits << fill_bits).to_bytes((7 * len(septets) + fill_bits + 7) // 8, "little")


def unpack_septets(data: bytes, count: int, fill_bits: int = 0) -> bytes:
    """The first `count` septets of packed data. ValueError if the data is too short for them."""
    if count * 7 + fill_bits > len(data) * 8:
        raise ValueError(f"{len(data)} octets cannot hold {count} septets after {fill_bits} bits")
    bits = int.from_bytes(data, "little") >> fill_bits
    return bytes((bits >> (7 * place)) & 0x7F for place in range(count))
