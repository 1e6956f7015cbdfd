"""Requests that are stored although nothing is sent yet, because their account can't pay for them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from heliograph.domain.batches import Draft


class Parked(msgspec.Struct, frozen=True):
    """A request that waits to be tried again."""

    id: str
    """The identifier that the batch will have."""
    account_id: str
    draft: Draft
    created_at: datetime
