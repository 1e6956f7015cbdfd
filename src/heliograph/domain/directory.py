"""What an account stores for sending: templates, originators, and applications that act for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from heliograph.domain.callbacks import Listener
from heliograph.domain.channels import Channel, RichMedia


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A text that is stored to be sent again."""

    number: int
    name: str
    """The name, unique in the account."""
    channel: Channel
    body: str
    rich_media: RichMedia | None
    approved_at: datetime | None
    """When the channel's operator approves it, which may lie ahead; None if it was not approved."""
    created_at: datetime

    def approved(self, now: datetime) -> bool:
        return self.approved_at is not None and self.approved_at <= now


class TemplateWish(msgspec.Struct, frozen=True):
    """A template that is to be sent."""

    key: int | str
    """The template's number or its name."""
    channel: Channel | None = None
    """The channel to send it by; None means the one that it is for."""


class TemplateDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A template as a customer asks for it."""

    name: str | None = None
    """The name; None means the time of its creation."""
    channel: Channel = Channel.SMS
    body: str
    rich_media: RichMedia | None = None


class Originator(msgspec.Struct, frozen=True, kw_only=True):
    """An originator that the account asked for."""

    number: int
    value: str
    """The originator itself: letters and digits."""
    approved_at: datetime | None
    created_at: datetime

    def approved(self, now: datetime) -> bool:
        return self.approved_at is not None and self.approved_at <= now


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """A program that acts for an account by access tokens, with settings of its own."""

    id: str
    account_id: str
    number: int
    name: str
    secret: str
    scopes: frozenset[str]
    token_lifetime_s: int | None
    """How long its tokens are good, in seconds; None: for ever."""
    settings: Mapping[str, object]
    """Its settings, by the protocol's own names."""
    created_at: datetime
    callbacks: Mapping[str, Listener] = {}
    """Where it is told of events that are not about its requests, by `callbacks.callback_key`."""
