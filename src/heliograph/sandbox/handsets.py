"""What a handset got of a message, part by part: which part, in which alphabet, behind which header."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

from heliograph.domain.channels import Channel
from heliograph.domain.phones import PhoneMessage
from heliograph.text import Encoding, MalformedUdh, Part, TooManyParts, concatenation_of, split_binary, split_text


class PhonePart(NamedTuple):
    """One part of a message on a phone."""

    number: int
    of: int
    encoding: str
    udh: str
    octets: int
    text: str | None


def handset(message: PhoneMessage) -> list[PhonePart]:
    """Cut a message as it is cut for the air; one that came as a part says which it is of how many.

    Parts of one message share a reference that follows from its id: it is the same whenever one looks. What is not sent
    by SMS, or has a header that leaves no room, is one part.
    """
    try:
        parts = _cut(message) if message.channel == Channel.SMS else ()
    except (MalformedUdh, TooManyParts):
        parts = ()
    if not parts:
        return [PhonePart(1, 1, message.encoding, message.udh, len(message.body.encode()), message.body)]
    if len(parts) > 1:
        return [_shown(part, number, len(parts)) for number, part in enumerate(parts, 1)]
    place = concatenation_of(parts[0].udh)
    return [_shown(parts[0], 1, 1) if place is None else _shown(parts[0], place.sequence, place.total)]


def _cut(message: PhoneMessage) -> Sequence[Part]:
    encoding = Encoding(message.encoding)
    udh, reference = bytes.fromhex(message.udh), crc32(message.id.encode())
    if encoding is Encoding.BINARY:
        return split_binary(b64decode(message.body), udh=udh, reference=reference)
    return split_text(message.body, udh=udh, reference=reference, encoding=encoding)


def _shown(part: Part, number: int, of: int) -> PhonePart:
    return PhonePart(number, of, part.encoding.value, part.udh.hex(), len(part.payload), part.text)
