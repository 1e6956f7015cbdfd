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
    """Anything else that is known, by names of your own."""
    opted_out: bool
    created_at: datetime
    etag: str = ""
    """A tag of all this, which is another once something has changed."""


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
    """Whether to leave out what is not a number and add the others, instead of refusing all."""
    update: bool = False
    """Whether to overwrite what is known of contacts that are in the group already; blank values change nothing."""


class AddedContacts(msgspec.Struct, kw_only=True):
    added: int
    updated: int
    """How many were in the group already and have changed."""
    duplicates: int
    """How many were in the group already, or came twice, and have not changed."""
    invalid: Sequence[InvalidNumber]


class ChangeContact(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A change of a contact: what is left out stays, null removes a value."""

    number: str | UnsetType = UNSET
    first_name: ShortText | UnsetType | None = UNSET
    last_name: ShortText | UnsetType | None = UNSET
    email: ShortText | UnsetType | None = UNSET
    fields: Fields | UnsetType = UNSET
