"""The history of what was sent: listings, sums and exports over all doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence, Set
from datetime import timedelta
from typing import NamedTuple, Protocol

import msgspec

from heliograph.domain.accounts import Account
from heliograph.domain.batches import Batch
from heliograph.domain.errors import NotFound
from heliograph.domain.filters import BatchFilter, MessageFilter
from heliograph.domain.instants import now_ms
from heliograph.domain.messages import Message
from heliograph.domain.rendering import Rendered, renderings_of
from heliograph.domain.reports import ReportRow, SummaryRow, Sums, TrafficRow
from heliograph.domain.statuses import Status
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.services.lately import Lately
from heliograph.store import Store
from heliograph.store.batches import batches_by_ids, batches_of, count_batches
from heliograph.store.messages import (
    message_by_id,
    messages_of,
    report_rows_of,
    summary_of,
    sums_by_batch,
    sums_of,
    traffic_of,
)
from heliograph.store.tx import Tx
from heliograph.text import MissingParameter

READ_AT_ONCE = 5_000
AT_ONCE = 1_000
"""Messages of a batch that are read in one question: what PostgreSQL says is read by the event loop."""


class Renderer(Protocol):
    """Renders what a recipient of a batch gets, by one of its legs."""

    def __call__(self, msisdn: str, leg: int = 0) -> Rendered: ...


class Sent(NamedTuple):
    """A message with its batch, and rendered as its recipient gets it."""

    message: Message
    batch: Batch
    rendered: Rendered


class SentRow(NamedTuple):
    """A row of a long list: as much of a message as that needs, with its batch, and rendered."""

    line: ReportRow
    batch: Batch
    rendered: Rendered


class Campaign(NamedTuple):
    """A batch and the sums of its messages."""

    batch: Batch
    standings: Sequence[tuple[Status, str | None, bool, Sums]]
    """Status, reason, whether it is not due yet, and the sums of the messages that stand like this."""

    @property
    def sums(self) -> Sums:
        """Sum all messages."""
        return self.sums_of(list(Status))

    def sums_of(self, statuses: Collection[Status]) -> Sums:
        """Sum the messages that have one of these statuses."""
        each = [sums for status, *_, sums in self.standings if status in statuses]
        return Sums(sum(one.count for one in each), sum(one.parts for one in each), sum(one.price for one in each))


class History:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._traffic: Lately[list[TrafficRow]] = Lately()

    async def page(
        self,
        account: Account,
        wanted: MessageFilter,
        *,
        limit: int,
        before: str | None = None,
        after: str | None = None,
    ) -> list[Sent]:
        """Read a page, newest first, of messages older than `before`, or newer than `after`."""
        found, batches = await self._store.read(_page, account.id, wanted, limit, before, after)
        return list(_rendered(found, batches))

    async def everything(self, account: Account, wanted: MessageFilter) -> AsyncIterator[list[SentRow]]:
        """Read all messages, newest first, some thousands at a time; the next are read while these are worked on."""
        batches: dict[str, Batch] = {}
        renderers: dict[str, Renderer] = {}

        def read(before: str | None) -> asyncio.Task[tuple[list[ReportRow], dict[str, Batch]]]:
            return asyncio.ensure_future(self._store.read(_lines, account.id, wanted, before, set(batches)))

        coming = read(None)
        try:
            while (found := await coming)[0]:
                lines, new = found
                # A large batch goes on over many pages; small ones are over with theirs.
                here = {line.batch_id for line in lines}
                batches = {batch_id: batch for batch_id, batch in (batches | new).items() if batch_id in here}
                renderers = {
                    batch_id: renderers.get(batch_id) or renderer(batch) for batch_id, batch in batches.items()
                }
                coming = read(lines[-1].id)
                yield [
                    SentRow(line, batches[line.batch_id], renderers[line.batch_id](line.msisdn, line.leg))
                    for line in lines
                ]
        finally:
            coming.cancel()

    async def of_batch(self, account: Account, batch_id: str) -> list[Sent]:
        """Read all messages of a batch, in the order of its recipients."""
        wanted = MessageFilter(batch_id=batch_id)
        found, batches = await self._store.read(_page, account.id, wanted, AT_ONCE, None, None)
        more = found
        while len(more) == AT_ONCE:
            more = await self._store.read(messages_of, account.id, wanted, limit=AT_ONCE, before=more[-1].id)
            found += more
        return await aside(len(found) > MANY_NUMBERS, lambda: list(_rendered(found[::-1], batches)))

    async def get(self, account: Account, message_id: str) -> Sent:
        """Read a message. Raises NotFound if the account has no such message."""
        found, batches = await self._store.read(_one, account.id, message_id)
        if found is None:
            raise NotFound(f"There is no message {message_id} in this account.")
        return next(iter(_rendered([found], batches)))

    async def sums(self, account: Account, wanted: MessageFilter) -> Sums:
        """Sum everything that the filter lets through."""
        return await self._store.read(sums_of, account.id, wanted)

    async def summary(self, account: Account, wanted: MessageFilter) -> list[SummaryRow]:
        """Sum what was sent, by door, country, day, and what became of it."""
        return await self._store.read(summary_of, account.id, wanted, now_ms())

    async def traffic(
        self, account: Account, wanted: MessageFilter, *, stretch: timedelta, offset: timedelta, by_end: bool
    ) -> list[TrafficRow]:
        """Sum what was sent by stretches of time, provider, country and status.

        The time of a message is when it was accepted or, with `by_end`, the last that is known to have happened to it.
        `offset` is how far the clock that the stretches begin by is ahead of UTC. All messages are read, and of many
        the answer is some time old (`services/lately.py`).
        """
        milliseconds = timedelta(milliseconds=1)
        stretch_ms, offset_ms = stretch // milliseconds, offset // milliseconds
        question = msgspec.json.encode((account.id, wanted, stretch_ms, offset_ms, by_end)).decode()

        async def find() -> list[TrafficRow]:
            return await self._store.read(
                traffic_of, account.id, wanted, stretch_ms=stretch_ms, offset_ms=offset_ms, by_end=by_end
            )

        return await self._traffic.get(question, find)

    async def campaigns(
        self,
        account: Account,
        wanted: BatchFilter,
        *,
        limit: int,
        before: str | None = None,
        after: str | None = None,
    ) -> tuple[list[Campaign], int]:
        """Read a page of batches, newest first, with the sums of their messages; and how many there are."""
        return await self._store.read(_campaigns, account.id, wanted, limit, before, after)

    async def campaign(self, account: Account, batch_id: str) -> Campaign:
        """Read a batch with the sums of its messages. Raises NotFound if the account has no such batch."""
        found = await self._store.read(campaigns_by_ids, account.id, [batch_id])
        if batch_id not in found:
            raise NotFound(f"There is no batch {batch_id} in this account.")
        return found[batch_id]


def _page(
    tx: Tx, account_id: str, wanted: MessageFilter, limit: int, before: str | None, after: str | None
) -> tuple[list[Message], dict[str, Batch]]:
    found = messages_of(tx, account_id, wanted, limit=limit, before=before, after=after)
    return found, batches_by_ids(tx, account_id, {message.batch_id for message in found})


def _lines(
    tx: Tx, account_id: str, wanted: MessageFilter, before: str | None, known: Set[str]
) -> tuple[list[ReportRow], dict[str, Batch]]:
    found = report_rows_of(tx, account_id, wanted, limit=READ_AT_ONCE, before=before)
    return found, batches_by_ids(tx, account_id, {line.batch_id for line in found} - known)


def _one(tx: Tx, account_id: str, message_id: str) -> tuple[Message | None, dict[str, Batch]]:
    found = message_by_id(tx, account_id, message_id)
    return found, {} if found is None else batches_by_ids(tx, account_id, [found.batch_id])


def _campaigns(
    tx: Tx, account_id: str, wanted: BatchFilter, limit: int, before: str | None, after: str | None
) -> tuple[list[Campaign], int]:
    found = batches_of(tx, account_id, wanted, limit=limit, before=before, after=after)
    sums = sums_by_batch(tx, account_id, [batch.id for batch in found], now_ms())
    return [Campaign(batch, sums.get(batch.id, [])) for batch in found], count_batches(tx, account_id, wanted)


def campaigns_by_ids(tx: Tx, account_id: str, batch_ids: Sequence[str]) -> dict[str, Campaign]:
    """Read batches with the sums of their messages; a batch that is not there is left out."""
    found = batches_by_ids(tx, account_id, batch_ids)
    sums = sums_by_batch(tx, account_id, list(found), now_ms())
    return {batch_id: Campaign(batch, sums.get(batch_id, [])) for batch_id, batch in found.items()}


def renderer(batch: Batch) -> Renderer:
    """Return a function that renders what each recipient gets: the bare body if a parameter has no value."""
    renderings = renderings_of(batch)

    def render(msisdn: str, leg: int = 0) -> Rendered:
        try:
            return renderings[leg].render(msisdn)
        except MissingParameter:
            return Rendered(batch.body, "gsm7", 0)

    return render


def _rendered(found: Sequence[Message], batches: dict[str, Batch]) -> list[Sent]:
    renderers = {batch_id: renderer(batch) for batch_id, batch in batches.items()}
    return [
        Sent(message, batches[message.batch_id], renderers[message.batch_id](message.msisdn, message.leg))
        for message in found
    ]
