"""Contacts: the members of a group, with what is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec


class Details(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a contact besides the number; what is not known is None, or left out."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    fields: Mapping[str, str] = {}
    """Whatever else, by names of the customer's own."""


UNKNOWN = Details()


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a group, as stored."""

    id: str
    msisdn: str
    country: str | None
    """ISO 3166 alpha-2."""
    details: Details
    opted_out: bool
    created_at: datetime


class ContactDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer asks to be added."""

    number: str
    region: str | None = None
    """ISO 3166 alpha-2: how a national number is read."""
    details: Details = UNKNOWN


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """What came of adding numbers."""

    asked: int
    msisdns: Sequence[str]
    """Those that are numbers, each once."""
    new: Sequence[str]
    """Those of them that were not there before."""
    invalid: Sequence[str]
    """What is no number, as it was written."""

    @property
    def duplicates(self) -> int:
        return self.asked - len(self.invalid) - len(self.new)
