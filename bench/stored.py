"""Batches of long ago, for stores that are filled before they are measured."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from heliograph.domain.batches import Batch, BodyKind, ReportWish
from heliograph.domain.ids import earliest_at, new_id
from heliograph.store.batches import NewBatch


def sent_at(at: datetime, account_id: str, numbers: Sequence[str], text: str) -> NewBatch:
    """Make a batch as it would have been accepted at that moment, which its identifier says, too."""
    batch = Batch(
        id=earliest_at(int(at.timestamp() * 1_000))[:10] + new_id()[10:],
        account_id=account_id,
        protocol="v1",
        kind=BodyKind.TEXT,
        originator="Bench",
        body=text,
        udh="",
        parameters=None,
        recipients=list(numbers),
        groups=[],
        recipient_count=len(numbers),
        send_at=at,
        expire_at=at + timedelta(days=3),
        callback_url=None,
        report=ReportWish.NONE,
        tags=[],
        title=None,
        client_reference=None,
        flash=False,
        max_parts=None,
        created_at=at,
        modified_at=at,
    )
    return NewBatch(batch)
