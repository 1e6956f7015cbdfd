"""The ledger: everything that changed a balance."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class EntryKind(StrEnum):
    SET = "set"
    """Somebody set the balance; the amount is the difference."""
    CHARGE = "charge"
    RETURN = "return"
    TRANSFER = "transfer"
    """An account and the one above it moved money between them."""


class Entry(msgspec.Struct, frozen=True):
    """One change of a balance."""

    id: str
    kind: EntryKind
    amount: int
    """What was added to the balance, in millionths; negative for charges."""
    batch_id: str | None
    created_at: int
    """When it happened, in milliseconds since 1970."""
