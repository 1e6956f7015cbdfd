"""Inbound messages that come in parts: which parts there can be, and what they come to."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping

from heliograph.domain.batches import BodyKind
from heliograph.domain.inbound import InboundPart, Payload
from heliograph.text import MAX_PARTS, Encoding, PartsMissing, join_payloads


def is_part(part: InboundPart) -> bool:
    """Tell whether there can be such a part, of more than one."""
    of_some_encoding = part.payload.encoding in set(Encoding)
    return 1 <= part.sequence <= part.total <= MAX_PARTS and part.total > 1 and of_some_encoding


def joined(parts: Mapping[int, Payload], total: int) -> tuple[BodyKind, str]:
    """Join the parts of a message, as many as there are, to a body: a text, or standard base64."""
    there = {place: (Encoding(payload.encoding), payload.octets) for place, payload in parts.items()}
    payloads = [there.get(sequence) for sequence in range(1, total + 1)]
    try:
        body = join_payloads(payloads)
    except PartsMissing:  # some are texts and some are not: all of them are octets
        body = b"".join(payload[1] for payload in payloads if payload is not None)
    if isinstance(body, str):
        return BodyKind.TEXT, body
    return BodyKind.BINARY, b64encode(body).decode()
