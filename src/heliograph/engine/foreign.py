"""What others say, as a store can hold it."""

from __future__ import annotations

import hashlib
import re
from typing import overload

import msgspec

from heliograph.domain.inbound import MAX_BODY
from heliograph.engine.contract import InboundArrival

MAX_REF, MAX_OPERATOR = 255, 20
"""Characters of a provider's name for a message, and of its name for a network."""
_UDH = re.compile("([0-9A-Fa-f]{2}){0,140}")
"""As much as a message has room for (3GPP TS 23.040, 9.2.3.24)."""


@overload
def storable(text: str) -> str: ...
@overload
def storable(text: None) -> None: ...
def storable(text: str | None) -> str | None:
    """The text with U+FFFD for what no database holds: U+0000 and halves of surrogate pairs.

    A provider's odd byte must not keep the outcomes and receipts that share its chunk from being recorded.
    """
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def bounded(arrival: InboundArrival) -> InboundArrival:
    """An inbound message as a store can hold it, and no longer than one can be; its addresses are still to be read.

    Nothing is refused: what is too long is cut, and what is no user data header is left out.
    """
    return msgspec.structs.replace(
        arrival,
        msisdn=storable(arrival.msisdn),
        to=storable(arrival.to),
        body=storable(arrival.body[:MAX_BODY]),
        udh=arrival.udh if _UDH.fullmatch(arrival.udh) else "",
        provider_ref=None if arrival.provider_ref is None else _ref(storable(arrival.provider_ref)),
        operator=None if arrival.operator is None else storable(arrival.operator[:MAX_OPERATOR]),
    )


def _ref(ref: str) -> str:
    """A long one keeps its beginning and ends in its digest: it still tells messages apart."""
    if len(ref) <= MAX_REF:
        return ref
    digest = hashlib.sha256(ref.encode()).hexdigest()
    return ref[: MAX_REF - len(digest)] + digest
