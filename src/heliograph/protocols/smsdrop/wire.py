"""The bodies of smsdrop (reference: smsdrop.md), for the server and for our client.

There are two dialects: that of version 0.1.0 of the published client, at the root of its base, and that of 1.0.0, under
`/api`. They differ in that campaigns have a `created_at` in the second, and must not have one in the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from heliograph.domain.batches import MAX_RECIPIENTS

MAX_PAGE = 1_000
"""The most campaigns in one answer: our limit; the vendor's is not known."""
PREFIX = "/api"
"""The prefix of every path in the dialect of version 1.0.0."""


class LogIn(msgspec.Struct):
    username: str = ""
    """The e-mail address."""
    password: str = ""


class Token(msgspec.Struct):
    access_token: str
    token_type: str = "bearer"  # noqa: S105 - the name of the scheme


class NewCampaign(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A campaign that is to be launched. Clients send more fields, which tell what they know of it and are ignored."""

    message: str
    sender: str
    recipient_list: Annotated[list[str], Meta(max_length=MAX_RECIPIENTS)]
    message_type: int | None = 0
    """0 is plain text, 1 flash, 2 unicode."""
    title: str | None = None
    defer_until: str | None = None
    defer_by: int | None = None


class Retry(msgspec.Struct):
    id: str


class Campaign(msgspec.Struct, kw_only=True):
    id: str
    title: str
    message: str
    message_type: int
    sender: str
    recipient_list: Sequence[str]
    defer_until: str | None
    defer_by: int | None
    delivery_percentage: int
    message_count: int
    sms_count: int
    status: str
    """PENDING, SCHEDULED, SENDING, COMPLETED or ABORTED."""
    created_at: str | UnsetType = UNSET
    """When it was created, in ISO 8601; only in the dialect of 1.0.0."""


class User(msgspec.Struct):
    id: str
    email: str
    is_active: bool
    is_verified: bool
    is_superuser: bool


class Subscription(msgspec.Struct):
    id: str
    nbr_sms: int
    """How many SMS are left."""
    created_at: str


class PageQuery(msgspec.Struct):
    skip: str = ""
    limit: str = ""


class Problem(msgspec.Struct):
    """One thing that is wrong with a request."""

    loc: Sequence[str | int]
    """Where in the request the problem is: `body`, and then the path to the field."""
    msg: str
    type: str = "value_error"


class Refusal(msgspec.Struct):
    detail: str | list[Problem] | Any
