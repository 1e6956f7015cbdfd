"""What providers say, made into what a store can hold."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import overload

import msgspec

from heliograph.domain.inbound import MAX_BODY, InboundPart
from heliograph.domain.instants import to_ms
from heliograph.domain.joining import is_part
from heliograph.engine.contract import InboundArrival

MAX_REF, MAX_OPERATOR, MAX_FACTS = 255, 20, 2_000
"""Longest length, in characters, of a provider's name for a message, and of its name for a network."""
MAX_CODE, MAX_DETAIL = 100, 2_000
"""Longest length, in characters, of a provider's code for what became of a message, and of what it says about that."""
MAX_PART_OCTETS = 512
"""Of a part's payload: 160 septets, one an octet, and all that networks make of 140 octets."""
MAX_HANDLE = 255
"""Longest length, in characters, of what a provider is to be asked about: it is the key of a row."""
_END_OF_TIME_MS = to_ms(datetime(9999, 1, 1, tzinfo=UTC))
_UDH = re.compile("([0-9A-Fa-f]{2}){0,140}")
"""Matches a user data header, no longer than a message has room for (3GPP TS 23.040, 9.2.3.24)."""


@overload
def storable(text: str) -> str: ...
@overload
def storable(text: None) -> None: ...
def storable(text: str | None) -> str | None:
    """Replace by U+FFFD what no database holds: U+0000 and halves of surrogate pairs.

    A provider's odd byte must not keep the outcomes and receipts that share its chunk from being recorded.
    """
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def reference(ref: str) -> str:
    """Return a provider's name for a message as a store can hold it, and find it again.

    PostgreSQL has no long text in an index, and would refuse the whole chunk. A long name keeps its beginning and ends
    in its digest: it still tells messages apart.
    """
    ref = storable(ref)
    if len(ref) <= MAX_REF:
        return ref
    digest = hashlib.sha256(ref.encode()).hexdigest()
    return ref[: MAX_REF - len(digest)] + digest


def code_of(text: str | None) -> str | None:
    """Return a provider's code as a store can hold it, cut at MAX_CODE characters."""
    return None if text is None else storable(text[:MAX_CODE])


def detail_of(text: str | None) -> str | None:
    """Return what a provider says of a message as a store can hold it: its answer may have megabytes."""
    return None if text is None else storable(text[:MAX_DETAIL])


def is_handle(handle: str) -> bool:
    """Say whether a provider can be asked about this: cut or changed, the question would be about something else."""
    return len(handle) <= MAX_HANDLE and storable(handle) == handle


def instant_of(ms: int | None) -> int | None:
    """Return the time at which a provider says that something happened, in milliseconds since 1970.

    None for a time that can't be true or stored: then it counts as having happened when we heard of it.
    """
    return ms if ms is not None and 0 <= ms < _END_OF_TIME_MS else None


def bounded(arrival: InboundArrival) -> InboundArrival:
    """Return an inbound message as a store can hold it, no longer than one can be; its addresses are still to be read.

    Nothing is refused: what is too long is cut, and what is not a user data header is left out.
    """
    return msgspec.structs.replace(
        arrival,
        msisdn=storable(arrival.msisdn),
        to=storable(arrival.to),
        body=storable(arrival.body[:MAX_BODY]),
        udh=arrival.udh if _UDH.fullmatch(arrival.udh) else "",
        provider_ref=None if arrival.provider_ref is None else reference(arrival.provider_ref),
        sent_at_ms=instant_of(arrival.sent_at_ms),
        operator=None if arrival.operator is None else storable(arrival.operator[:MAX_OPERATOR]),
        provider_facts=None if arrival.provider_facts is None else storable(arrival.provider_facts[:MAX_FACTS]),
        part=None if arrival.part is None else _part(arrival.part),
    )


def _part(part: InboundPart) -> InboundPart | None:
    """Return a part as a store can hold it; None if there can be no such part: it is a message of its own."""
    if not is_part(part):
        return None
    payload = part.payload._replace(octets=part.payload.octets[:MAX_PART_OCTETS])
    return msgspec.structs.replace(part, reference=storable(part.reference[:MAX_CODE]), payload=payload)
