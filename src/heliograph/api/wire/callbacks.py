"""Callbacks: what your server was told, or is still to be told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from heliograph.api.wire.fields import Instant, ShortText
from heliograph.api.wire.pages import PageSize

CallbackState = Literal["waiting", "delivered", "given_up"]


class Callback(msgspec.Struct, kw_only=True):
    """A fact that is told to your server, and how far that has come."""

    id: str
    """The identifier that your server is told, the same at each attempt."""
    type: str
    """What it tells: `message.status`, `batch.settled`, `inbound` and so on."""
    subject_id: str
    """What it is about: a batch, an inbound message, a verification."""
    to: str
    """Where it goes: an address, or connected clients."""
    state: CallbackState
    attempts: int
    """How often it was offered."""
    error: str | None
    """Why the last attempt failed; null if it did not."""
    created_at: datetime
    done_at: datetime | None
    """When it was taken, or given up."""


class CallbackRequest(msgspec.Struct, kw_only=True):
    """A request that tells your server something, without what proves that it is ours."""

    method: str
    """`POST`, or `GET` where the facts stand in the address."""
    url: str
    """Where it goes."""
    content_type: str | None
    """What its body is; null: it has none."""
    body: str
    """What is told, as it is written."""


class CallbackPage(msgspec.Struct, kw_only=True):
    items: Sequence[Callback]
    next: str | None


class CallbackQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    state: CallbackState | None = None
    subject_id: ShortText | None = None
    since: Instant | None = None
    until: Instant | None = None
    """Written from `since`, inclusive, to `until`, exclusive."""
    limit: PageSize = 100
    before: str | None = None


class Replay(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which callbacks that were given up are told anew: those of a time, or some."""

    since: Instant | None = None
    until: Instant | None = None
    """Written from `since`, inclusive, to `until`, exclusive."""
    ids: Annotated[list[str], Meta(max_length=1_000)] | None = None
    """Only these; null: all of the time."""


class Replayed(msgspec.Struct, kw_only=True):
    replayed: int
    """How many are told anew; what was not given up, or goes to connected clients, is not among them."""
