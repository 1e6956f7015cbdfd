"""Keys as those who run the installation see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from heliograph.domain.instants import now_ms, to_ms


class KeyState(StrEnum):
    """Whether a key lets anybody in, and why not."""

    GOOD = "good"
    REVOKED = "revoked"
    EXPIRED = "expired"
    CLOSED = "closed"
    """Its account is."""


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its secret."""

    id: str
    """Stays when the key is given another secret."""
    account_id: str
    account_name: str
    kind: str
    public_id: str
    """What the key is known by."""
    scopes: frozenset[str]
    networks: Sequence[str] | None
    """Where it is good from, as CIDR; None: everywhere."""
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    """To within some seconds."""
    last_used_from: str | None
    grace_until: datetime | None
    """Until when the secret is good that it had before."""
    account_closed: bool

    @property
    def state(self) -> KeyState:
        """Say whether the key lets anybody in now, and why not."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        if self.account_closed:
            return KeyState.CLOSED
        over = self.expires_at is not None and to_ms(self.expires_at) <= now_ms()
        return KeyState.EXPIRED if over else KeyState.GOOD


class KeyFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which keys a listing is about."""

    kinds: Sequence[str]
    """Of credentials; tokens that these are exchanged for are no keys."""
    account_id: str | None = None
