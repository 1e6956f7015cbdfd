"""The data coding scheme: one octet that says what the octets of a message are (3GPP TS 23.038, section 4).

The low four bits are not enough: what they mean depends on the group above them, and each group has its own.
"""

from __future__ import annotations

from heliograph.text.parts import Encoding

_GENERAL = (Encoding.GSM7, Encoding.BINARY, Encoding.UCS2, Encoding.GSM7)
"""By bits 3 and 2 of the general groups; the last is reserved, and read as the default alphabet."""


def encoding_of(scheme: int) -> Encoding:
    """Tell what a message of this scheme is, 0 to 255; compressed ones, which nobody reads, are binary.

    Reserved schemes mean the GSM alphabet, as the standard asks of a receiver.
    """
    group = scheme >> 4
    if group < 0x8:
        return Encoding.BINARY if scheme & 0x20 else _GENERAL[scheme >> 2 & 3]
    if group == 0xE:  # a message is waiting, and its text is in UCS-2
        return Encoding.UCS2
    if group == 0xF:
        return Encoding.BINARY if scheme & 0x04 else Encoding.GSM7
    return Encoding.GSM7
