"""Recipients under one name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from heliograph.api.wire.fields import Groups, Numbers, Tags
from heliograph.api.wire.pages import PageSize
from heliograph.domain.groups import MAX_KEYWORDS

KeywordList = Annotated[list[str], Meta(max_length=MAX_KEYWORDS)]
GroupName = Annotated[str, Meta(min_length=1, max_length=255)]


class Keywords(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which inbound texts to `to` add their sender to a group, and which remove it.

    A text does if it begins with the one or two words of the list, in their order and whatever their case; with an
    empty list, no text does.
    """

    to: str
    add: KeywordList = []
    remove: KeywordList = []


class CreateGroup(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: GroupName | None = None
    """The group's name, unique in the account."""
    members: Numbers = []
    children: Groups = []
    """Groups whose members also get what is sent to this one."""
    keywords: Keywords | None = None
    tags: Tags = []


class ChangeGroup(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A change of a group: first all additions, then all removals.

    What is absent stays; null removes the name or the keywords.
    """

    name: GroupName | UnsetType | None = UNSET
    add: Numbers = []
    remove: Numbers = []
    add_children: Groups = []
    remove_children: Groups = []
    add_from: str | None = None
    """A group whose members are copied into this one, once."""
    remove_from: str | None = None
    keywords: Keywords | UnsetType | None = UNSET


class Group(msgspec.Struct, kw_only=True):
    """Recipients under one name."""

    id: str
    name: str | None
    size: int
    """How many members it has itself; those of its children are not counted."""
    children: Sequence[str]
    keywords: Keywords | None
    tags: Sequence[str]
    created_at: datetime
    modified_at: datetime
    etag: str = ""


class GroupPage(msgspec.Struct, kw_only=True):
    items: Sequence[Group]
    next: str | None


class GroupQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    tag: str | None = None
    limit: PageSize = 30
    before: str | None = None


class Members(msgspec.Struct, kw_only=True):
    items: Sequence[str]
