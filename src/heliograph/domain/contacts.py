"""Contacts: the members of a group, with what is known of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from heliograph.numbers import InvalidRow

MAX_FIELDS = 100
"""The most fields of the customer's own that one contact may have."""
OWN_FIELDS = ("first_name", "last_name", "email")
"""The names that every contact has; any other name in a text is one of the customer's own fields."""


class Details(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a contact besides the number; what is not known is None, or left out."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    fields: Mapping[str, str] = {}
    """Anything else that is known, by names of the customer's own."""

    def value_of(self, name: str) -> str | None:
        """Return what a text gets for a name; None if nothing is known, or what is known is blank."""
        for value in (getattr(self, name) if name in OWN_FIELDS else None, self.fields.get(name)):
            if value and not value.isspace():
                return value
        return None


UNKNOWN = Details()


def together(several: Sequence[Details]) -> Details:
    """Combine the contacts that have one number: of each field, the first value that is not blank."""
    if len(several) == 1:
        return several[0]
    names = dict.fromkeys(name for each in several for name in each.fields)
    own = {name: _first(several, name) for name in OWN_FIELDS}
    return Details(**own, fields={name: value for name in names if (value := _first(several, name)) is not None})


def _first(several: Iterable[Details], name: str) -> str | None:
    return next((value for each in several if (value := each.value_of(name)) is not None), None)


def values_known(known: Mapping[str, Details], names: Collection[str]) -> dict[str, dict[str, str]]:
    """Return `{name: {MSISDN: value}}` for these names, as far as values are known."""
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    for msisdn, details in known.items():
        for name, column in found.items():
            value = details.value_of(name)
            if value is not None:
                column[msisdn] = value
    return {name: column for name, column in found.items() if column}


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a group, as it is stored."""

    id: str
    msisdn: str
    country: str | None
    """The number's country, in ISO 3166 alpha-2."""
    details: Details
    opted_out: bool
    created_at: datetime


class ContactDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A contact that a customer asks to be added."""

    number: str
    region: str | None = None
    """The country whose national numbers are read, in ISO 3166 alpha-2."""
    details: Details = UNKNOWN


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """What came of adding numbers to a group."""

    asked: int
    msisdns: Sequence[str]
    """The numbers that are valid, each once."""
    new: Sequence[str]
    """The numbers that were not in the group before."""
    updated: Sequence[str] = ()
    """The numbers that were in the group before, and of which something else is known now."""
    invalid: Sequence[InvalidRow]
    """The entries that are not numbers."""

    @property
    def duplicates(self) -> int:
        """Return how many entries changed nothing."""
        return self.asked - len(self.invalid) - len(self.new) - len(self.updated)
