"""Reports on what became of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from heliograph.domain.accounts import Account
from heliograph.domain.batches import Batch
from heliograph.domain.errors import NotFound
from heliograph.domain.filters import MessageFilter
from heliograph.domain.messages import Message
from heliograph.domain.reports import Bucket, MessageState, RecipientStatus
from heliograph.store import Store
from heliograph.store.batches import batch_by_id, client_references
from heliograph.store.messages import buckets_of, message_to, messages_of, recipient_statuses_of, states_of
from heliograph.store.tx import Tx


class BatchReport(msgspec.Struct, frozen=True):
    """A batch and where its messages stand, at one moment."""

    batch: Batch
    buckets: Sequence[Bucket]
    standings: Sequence[RecipientStatus]
    """The state of each recipient; empty unless asked for."""


class Reports:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def of_batch(self, account_id: str, batch_id: str, *, with_recipients: bool) -> BatchReport:
        """Report on a batch. Raises NotFound if the account has no such batch."""
        report = await self._store.read(_report, account_id, batch_id, with_recipients)
        if report is None:
            raise NotFound(f"There is no batch {batch_id} in this account.")
        return report

    async def of_recipient(self, account: Account, batch_id: str, msisdn: str) -> tuple[Batch, Message]:
        """Read the message to one recipient, with its batch. Raises NotFound if the account has no such message."""
        batch = await self._store.read(batch_by_id, account.id, batch_id)
        message = await self._store.read(message_to, account.id, batch_id, msisdn)
        if batch is None or message is None:
            raise NotFound(f"There is no message to {msisdn} in a batch {batch_id} of this account.")
        return batch, message

    async def of_messages(
        self, account: Account, wanted: MessageFilter, *, like: Callable[[MessageState], bool], limit: int, offset: int
    ) -> tuple[list[Message], dict[str, str | None], int]:
        """Read a page of the messages whose state is `like` what is looked for, newest first.

        Also returns the client references of their batches, and how many messages there are on all pages, all of one
        moment.
        """
        return await self._store.read(_messages_like, account.id, wanted, like, limit, offset)


def _messages_like(
    tx: Tx, account_id: str, wanted: MessageFilter, like: Callable[[MessageState], bool], limit: int, offset: int
) -> tuple[list[Message], dict[str, str | None], int]:
    states = [(state, count) for state, count in states_of(tx, account_id, wanted) if like(state)]
    of_these = msgspec.structs.replace(wanted, states=[state for state, _ in states])
    found = messages_of(tx, account_id, of_these, limit=limit, offset=offset)
    references = client_references(tx, account_id, {message.batch_id for message in found})
    return found, references, sum(count for _, count in states)


def _report(tx: Tx, account_id: str, batch_id: str, with_recipients: bool) -> BatchReport | None:
    batch = batch_by_id(tx, account_id, batch_id)
    if batch is None:
        return None
    standings = recipient_statuses_of(tx, account_id, batch_id) if with_recipients else []
    return BatchReport(batch, buckets_of(tx, account_id, batch_id), standings)
