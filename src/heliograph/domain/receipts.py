"""A receipt (DLR): what a provider says became of a message."""

from __future__ import annotations

import msgspec

from heliograph.domain.statuses import Status


class Receipt(msgspec.Struct, frozen=True):
    """One report about one message, in our words, with the provider's own beside them."""

    provider: str
    provider_ref: str
    status: Status | None
    """The status; None for a word of the provider that we do not know: it is counted, and changes nothing."""
    reason: str | None = None
    provider_code: str | None = None
    detail: str | None = None
    at_ms: int | None = None
    """When it happened by the provider's clock, in ms since 1970; None: when we heard of it."""
    other_refs: tuple[str, ...] = ()
    """Other names that it has for the message: the first that a message has counts."""
    ref_keys: tuple[str, ...] = ()
    """Keys of messages that it may mean, where providers write an identifier in one form here and in another there."""
    msisdns: tuple[str, ...] = ()
    """The numbers in it, one of which is the recipient's: they tell messages apart that it may mean."""
    elsewhere: bool = False
    """Whether another provider is tried instead of ending the message; the engine sets it, not a provider."""

    @property
    def is_loose(self) -> bool:
        """Tell whether it may mean a message that the provider took under another name."""
        return bool(self.other_refs or self.ref_keys)


class ReceiptFate(msgspec.Struct, frozen=True):
    """What came of a chunk of receipts."""

    applied: int
    repeated: int
    """How many told of a status that the message already had, or had passed."""
    parked: int
    """How many named an id that no message has yet: they are kept until one does."""
    not_understood: int
    ambiguous: int = 0
    """Of those parked: more than one message may be meant."""
