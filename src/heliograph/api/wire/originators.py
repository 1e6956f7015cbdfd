"""Originators that an account asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec


class Originator(msgspec.Struct, kw_only=True):
    """An originator that the account asked for."""

    number: int
    """The place among those that the account ever asked for, by which it is named."""
    originator: str
    """The originator itself: 3 to 11 letters and digits, or 3 to 15 digits."""
    approved: bool
    """Whether it may be used; until then, doors that ask for approval refuse it."""
    created_at: datetime


class Originators(msgspec.Struct, kw_only=True):
    items: Sequence[Originator]


class NewOriginator(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    originator: str
    """The originator itself: 3 to 11 letters and digits, or 3 to 15 digits."""
