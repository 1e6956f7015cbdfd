"""What lets programs act for accounts, for those who run the installation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from heliograph.api.wire.fields import Instant, ShortText
from heliograph.api.wire.pages import PageQuery

KeyScopes = Annotated[list[ShortText], Meta(max_length=100)]
KeyNetworks = Annotated[list[ShortText], Meta(max_length=100)]
GraceSeconds = Annotated[int, Meta(ge=0, le=366 * 86_400)]


class CreateKey(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A key for one protocol."""

    account: ShortText
    """Its id or its name."""
    protocol: ShortText = "native"
    scopes: KeyScopes | None = None
    """null: all that such a key usually has."""
    networks: KeyNetworks | None = None
    """Where it is good from, as CIDR; null: everywhere."""
    expires_at: Instant | None = None


class MadeKey(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A key with its secret, which is shown this once, in the words of the protocol's clients."""

    id: str
    protocol: str
    token: str | UnsetType = UNSET
    service_plan_id: str | UnsetType = UNSET
    api_key: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    keyid: str | UnsetType = UNSET
    account_sid: str | UnsetType = UNSET
    verify_service_sid: str | UnsetType = UNSET
    auth_token: str | UnsetType = UNSET
    api_key_sid: str | UnsetType = UNSET
    secret: str | UnsetType = UNSET
    system_id: str | UnsetType = UNSET
    password: str | UnsetType = UNSET


class RotateKey(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Another secret for a key."""

    grace_s: GraceSeconds = 0
    """How long the old one is good besides; with 0 it ends at once."""


class KeyInfo(msgspec.Struct, kw_only=True):
    """A key without its secret."""

    id: str
    """Stays when the key is given another secret."""
    account_id: str
    account: str
    """The account's name."""
    protocol: str
    name: str
    """What the key is known by, such as a service plan or the beginning of a token."""
    state: Literal["good", "revoked", "expired", "closed"]
    """`closed`: its account is."""
    scopes: Sequence[str]
    networks: Sequence[str] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    grace_until: datetime | None
    """Until when the secret is good that it had before."""
    last_used_at: datetime | None
    """To within some seconds."""
    last_used_from: str | None


class KeyPage(msgspec.Struct, kw_only=True):
    items: Sequence[KeyInfo]
    next: str | None


class KeyQuery(PageQuery, kw_only=True):
    account: ShortText | None = None
    """Only this account's, by its id or name."""
