"""What an octet of a data coding scheme says of a text (3GPP TS 23.038, section 4)."""

from __future__ import annotations

import pytest

from heliograph.text import Encoding, encoding_of

GSM7, UCS2, BINARY = Encoding.GSM7, Encoding.UCS2, Encoding.BINARY


@pytest.mark.parametrize(
    ("schemes", "encoding"),
    [
        ((0x00, 0x03, 0x10, 0x13, 0x40, 0x50), GSM7),
        ((0x04, 0x14, 0x17, 0x44, 0x54), BINARY),
        ((0x08, 0x18, 0x1B, 0x48, 0x58), UCS2),
        ((0x0C, 0x1C, 0x5C), GSM7),  # reserved
        ((0x20, 0x28, 0x3F, 0x60, 0x7F), BINARY),  # compressed
        (tuple(range(0x80, 0xE0)), GSM7),  # reserved, and a message is waiting
        (tuple(range(0xE0, 0xF0)), UCS2),  # the same, in UCS-2
        ((0xF0, 0xF1, 0xF2, 0xF3, 0xF8, 0xFB), GSM7),
        ((0xF4, 0xF5, 0xF7, 0xFC, 0xFF), BINARY),
    ],
)
def test_each_group_has_a_meaning_of_its_own(schemes: tuple[int, ...], encoding: Encoding) -> None:
    assert {encoding_of(scheme) for scheme in schemes} == {encoding}
