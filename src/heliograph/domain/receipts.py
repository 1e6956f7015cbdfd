"""A receipt (DLR): what a provider says became of a message."""

from __future__ import annotations

import msgspec

from heliograph.domain.statuses import Status


class Receipt(msgspec.Struct, frozen=True):
    """One report about one message, in our words, with the provider's own kept beside them."""

    provider: str
    provider_ref: str
    status: Status | None
    """None: the provider's word is not one we know. Kept and counted, and the message does not move."""
    reason: str | None = None
    provider_code: str | None = None
    detail: str | None = None
    at_ms: int | None = None
    """When it happened, by the provider's clock; None: when we heard of it."""
    elsewhere: bool = False
    """Another provider is tried instead of ending the message: the engine says so, no provider does."""


class ReceiptFate(msgspec.Struct, frozen=True):
    """What came of a chunk of receipts."""

    applied: int
    repeated: int
    """The message was already there, or further."""
    parked: int
    """No message has this id yet: kept until one does."""
    not_understood: int
