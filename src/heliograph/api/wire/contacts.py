"""The members of groups, with what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from heliograph.api.wire.errors import InvalidNumber
from heliograph.api.wire.fields import ShortText
from heliograph.domain.contacts import MAX_FIELDS

Fields = Annotated[dict[str, str], Meta(max_length=MAX_FIELDS)]


class Contact(msgspec.Struct, kw_only=True):
    """A member of a group, with what is known of it."""

    id: str
    number: str
    country: str | None
    first_name: str | None
    last_name: str | None
    email: str | None
    fields: dict[str, str]
    """Whatever else, by names of your own."""
    opted_out: bool
    created_at: datetime


class ContactPage(msgspec.Struct, kw_only=True):
    items: Sequence[Contact]
    next: str | None


class NewContact(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    number: str
    first_name: ShortText | None = None
    last_name: ShortText | None = None
    email: ShortText | None = None
    fields: Fields = {}


class AddContacts(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    contacts: Annotated[list[NewContact], Meta(min_length=1, max_length=100_000)]
    skip_invalid: bool = False
    """Add the others, if some are no numbers."""
    update: bool = False
    """Write what is said here of those who are in the group already over what was known; what is blank changes
    nothing."""


class AddedContacts(msgspec.Struct, kw_only=True):
    added: int
    updated: int
    """Who was there, and of whom something else is known now."""
    duplicates: int
    """Who was there, or comes twice, and changed nothing."""
    invalid: Sequence[InvalidNumber]


class ChangeContact(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is left out stays; null takes away."""

    number: str | UnsetType = UNSET
    first_name: ShortText | UnsetType | None = UNSET
    last_name: ShortText | UnsetType | None = UNSET
    email: ShortText | UnsetType | None = UNSET
    fields: Fields | UnsetType = UNSET
