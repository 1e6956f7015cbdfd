"""Groups: recipients under one name, which may grow and shrink by inbound texts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.domain.words import begins_with

MAX_KEYWORDS = 2


class Membership(StrEnum):
    """What a text does to its sender's membership."""

    BEGINS = "begins"
    ENDS = "ends"


class AutoUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """Which inbound texts add their sender to a group, and which remove it.

    Keywords are the words that a text must begin with, in whatever case: one or two, as the customer wrote them;
    without any, no text does. On a number of the account's own the first word is the verb; on one that is shared it is
    the brand, and the second is the verb.
    """

    to: str
    """The originator that the texts are written to."""
    add: Sequence[str] = ()
    remove: Sequence[str] = ()

    def effect_of(self, text: str) -> Membership | None:
        """Tell what a text does to its sender's membership; None if nothing.

        If it begins with both, the longer keywords count; of equally long ones, the removal.
        """
        matching = [
            (len(keywords), effect is Membership.ENDS, effect)
            for effect, keywords in ((Membership.BEGINS, self.add), (Membership.ENDS, self.remove))
            if keywords and begins_with(text, keywords)
        ]
        return max(matching)[2] if matching else None


class Group(msgspec.Struct, kw_only=True):
    """A group, as it is stored."""

    id: str
    account_id: str
    name: str | None
    """The name, unique in the account."""
    size: int
    """How many members it has itself; those of its children are not counted."""
    children: Sequence[str]
    """Groups whose members also get what is sent to this one."""
    auto_update: AutoUpdate | None
    tags: Sequence[str]
    created_at: datetime
    modified_at: datetime
    number: int = 0
    """Its place among all groups that the account ever had, for doors whose groups have numbers."""


class GroupDraft(msgspec.Struct, kw_only=True):
    """A group as a customer asks for it."""

    name: str | None = None
    members: Sequence[str] = ()
    children: Sequence[str] = ()
    auto_update: AutoUpdate | None = None
    tags: Sequence[str] = ()


class GroupChange(msgspec.Struct, kw_only=True):
    """A change that a customer asks for: first all additions, then all removals. UNSET leaves as it is."""

    name: str | UnsetType | None = UNSET
    add: Sequence[str] = ()
    remove: Sequence[str] = ()
    add_children: Sequence[str] = ()
    remove_children: Sequence[str] = ()
    add_from: str | None = None
    """A group whose members are copied into this one, once."""
    remove_from: str | None = None
    """A group whose members are removed from this one."""
    auto_update: AutoUpdate | UnsetType | None = UNSET
