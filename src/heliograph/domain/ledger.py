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
    """From an account to one below it, or back."""


class Entry(msgspec.Struct, frozen=True):
    """One change of a balance."""

    id: str
    kind: EntryKind
    amount: int
    """Millionths, added to the balance."""
    batch_id: str | None
    created_at: int
    """Milliseconds since 1970."""
