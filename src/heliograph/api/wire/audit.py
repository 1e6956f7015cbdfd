"""Who did what, for those who run the installation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from heliograph.api.wire.fields import Instant, ShortText
from heliograph.api.wire.pages import PageQuery


class AuditActor(msgspec.Struct, kw_only=True):
    """Who did it."""

    kind: str
    """key, person, command or system."""
    id: str
    name: str
    """The account of a key, the e-mail address of a person, the user of the machine who gave a command."""
    address: str | None


class AuditEntry(msgspec.Struct, kw_only=True):
    """One entry of the audit log."""

    id: str
    """Counts from 1, without a gap."""
    at: datetime
    actor: AuditActor
    action: str
    object: str
    account_id: str | None
    account: str | None
    """The account's name."""
    before: Any
    """What has changed, as it was; so `after`, as it is."""
    after: Any
    previous: str
    """The hash of the entry before this one."""
    hash: str


class AuditPage(msgspec.Struct, kw_only=True):
    items: Sequence[AuditEntry]
    next: str | None


class AuditQuery(PageQuery, kw_only=True):
    account: ShortText | None = None
    """Only about this account, by its id or name."""
    actor: ShortText | None = None
    """Only by this one: an id, a name, or a kind."""
    action: ShortText | None = None
    """Such as `key.revoked`, or `key` for all that is done to keys."""
    object: ShortText | None = None
    since: Instant | None = None
    until: Instant | None = None
