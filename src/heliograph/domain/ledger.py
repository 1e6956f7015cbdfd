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
    TOP_UP = "top_up"
    """Somebody who runs the installation added money."""
    CORRECTION = "correction"
    """Somebody who runs the installation put something right, and said why."""


class Entry(msgspec.Struct, frozen=True):
    """One change of a balance."""

    id: str
    kind: EntryKind
    amount: int
    """What was added to the balance, in millionths; negative for charges."""
    batch_id: str | None
    created_at: int
    """When it happened, in milliseconds since 1970."""
    note: str | None = None
    """What was said about it by whoever changed the balance by hand."""
