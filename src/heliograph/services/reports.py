"""What became of a batch."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from heliograph.domain.accounts import Account
from heliograph.domain.batches import Batch
from heliograph.domain.errors import NotFound
from heliograph.domain.messages import Message
from heliograph.store import Store
from heliograph.store.batches import batch_by_id
from heliograph.store.messages import Bucket, Standing, buckets_of, message_to, standings_of
from heliograph.store.tx import Tx


class BatchReport(msgspec.Struct, frozen=True):
    """A batch and where its messages stand, at one moment."""

    batch: Batch
    buckets: Sequence[Bucket]
    standings: Sequence[Standing]
    """Of each recipient; empty unless asked for."""


class Reports:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def of_batch(self, account_id: str, batch_id: str, *, with_recipients: bool) -> BatchReport:
        """NotFound if the account has no such batch."""
        report = await self._store.read(_report, account_id, batch_id, with_recipients)
        if report is None:
            raise NotFound(f"There is no batch {batch_id} in this account.")
        return report

    async def of_recipient(self, account: Account, batch_id: str, msisdn: str) -> tuple[Batch, Message]:
        """NotFound if the account has no such batch, or the number is not one of its recipients."""
        batch = await self._store.read(batch_by_id, account.id, batch_id)
        message = await self._store.read(message_to, account.id, batch_id, msisdn)
        if batch is None or message is None:
            raise NotFound(f"There is no message to {msisdn} in a batch {batch_id} of this account.")
        return batch, message


def _report(tx: Tx, account_id: str, batch_id: str, with_recipients: bool) -> BatchReport | None:
    batch = batch_by_id(tx, account_id, batch_id)
    if batch is None:
        return None
    standings = standings_of(tx, account_id, batch_id) if with_recipients else []
    return BatchReport(batch, buckets_of(tx, account_id, batch_id), standings)
