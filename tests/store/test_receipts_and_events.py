"""What providers say, matched to messages, and what customers are told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.util import await_only

from heliograph.domain.accounts import Account
from heliograph.domain.batches import ReportWish
from heliograph.domain.callbacks import Event, EventKind
from heliograph.domain.filters import MessageFilter
from heliograph.domain.instants import now_ms
from heliograph.domain.life import Change
from heliograph.domain.optouts import OptOutSource
from heliograph.domain.receipts import Receipt, ReceiptFate
from heliograph.domain.statuses import Reason, Status
from heliograph.store import Store, open_store
from heliograph.store.accounts import add_account
from heliograph.store.base import Lane
from heliograph.store.batches import Canceled, NewBatch, accept, batch_by_id, cancel
from heliograph.store.changes import apply_changes
from heliograph.store.events import (
    EventOutcome,
    claim_events,
    end_event_leases,
    record_event_outcomes,
    waiting_receivers,
)
from heliograph.store.messages import message_by_id, messages_of, recipient_statuses_of
from heliograph.store.optouts import add_optouts
from heliograph.store.queue import Claim, claim_due
from heliograph.store.receipts import (
    Outcomes,
    Receipts,
    Recorded,
    forget_early_receipts,
    record_outcomes,
    record_receipts,
)
from heliograph.store.schema import early_receipts, events, messages
from heliograph.store.tx import Tx

from .conftest import ACCOUNT, MakeBatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conftest import PostgresqlServer

URL = "https://example.org/"


async def put_out(store: Store, new: NewBatch) -> list[str]:
    """Accepts a batch and leases its messages; their ids, in order."""
    await store.write_item(accept, new, Lane.ACCEPT)
    now = now_ms()
    work = await store.write_item(claim_due, Claim("w", 1_000, now, now + 60_000), Lane.ENGINE)
    return sorted(message.id for message in work.messages)


def sent(message_id: str, ref: str, provider: str = "p") -> Outcomes:
    return Outcomes([Change(message_id, Status.SENT, provider=provider, provider_ref=ref)], now_ms())


async def reported(store: Store, *receipts: Receipt) -> ReceiptFate:
    recorded: Recorded = await store.write_item(record_receipts, Receipts(receipts, now_ms()), Lane.RECEIPTS)
    return recorded.fate


async def status_of(store: Store, message_id: str) -> Status:
    message = await store.read(message_by_id, ACCOUNT, message_id)
    assert message is not None
    return message.status


def parked(tx: Tx) -> int:
    return int(tx.value(select(func.count()).select_from(early_receipts)))


DELIVERED = Receipt("p", "R1", Status.DELIVERED, at_ms=1_234)


async def test_a_receipt_settles_the_message_that_the_provider_took(store: Store, batch: MakeBatch) -> None:
    (message_id,) = await put_out(store, batch())
    await store.write_item(record_outcomes, sent(message_id, "R1"))

    fate = await reported(store, DELIVERED)
    message = await store.read(message_by_id, ACCOUNT, message_id)

    assert fate == ReceiptFate(applied=1, repeated=0, parked=0, not_understood=0)
    assert message is not None
    assert (message.status, message.provider_ref) == (Status.DELIVERED, "R1")
    assert message.settled_at is not None
    assert message.settled_at.timestamp() == 1.234


async def test_receipts_that_outran_the_outcome_are_applied_in_their_order_when_it_is_recorded(
    store: Store, batch: MakeBatch
) -> None:
    (message_id,) = await put_out(store, batch())
    failed = Receipt("p", "R1", Status.FAILED, Reason.UNDELIVERED, "27", "Absent")

    fates = [await reported(store, failed), await reported(store, DELIVERED)]
    applied = await store.write_item(record_outcomes, sent(message_id, "R1"))
    message = await store.read(message_by_id, ACCOUNT, message_id)

    assert [fate.parked for fate in fates] == [1, 1]
    assert [change.status for change in applied] == [Status.SENT, Status.FAILED]
    assert message is not None
    assert (message.status, message.reason, message.provider_code, message.detail) == (
        Status.FAILED,
        Reason.UNDELIVERED,
        "27",
        "Absent",
    )
    assert await store.read(parked) == 0


async def test_a_repeated_receipt_changes_nothing_and_is_counted(store: Store, batch: MakeBatch) -> None:
    (message_id,) = await put_out(store, batch())
    await store.write_item(record_outcomes, sent(message_id, "R1"))
    await reported(store, DELIVERED)
    before = await store.read(message_by_id, ACCOUNT, message_id)

    fate = await reported(store, DELIVERED, Receipt("p", "R1", Status.FAILED), Receipt("p", "R1", Status.SENT))

    assert fate == ReceiptFate(applied=0, repeated=3, parked=0, not_understood=0)
    assert await store.read(message_by_id, ACCOUNT, message_id) == before


async def test_the_same_reference_of_another_provider_is_another_message(store: Store, batch: MakeBatch) -> None:
    ours, theirs = await put_out(store, batch("33612345670", "33612345671"))
    await reported(store, Receipt("q", "R1", Status.FAILED))
    await store.write_item(record_outcomes, sent(ours, "R1", "p"))
    kept = await store.read(parked)

    await store.write_item(record_outcomes, sent(theirs, "R1", "q"))
    await reported(store, DELIVERED)

    assert kept == 1
    assert [await status_of(store, message_id) for message_id in (ours, theirs)] == [Status.DELIVERED, Status.FAILED]


async def test_a_receipt_that_nobody_claims_is_forgotten_in_time(store: Store) -> None:
    fate = await reported(store, Receipt("p", "nobody's", Status.DELIVERED), Receipt("p", "R", None))

    early = await store.write(forget_early_receipts, now_ms() - 60_000)
    late = await store.write(forget_early_receipts, now_ms() + 60_000)

    assert fate == ReceiptFate(applied=0, repeated=0, parked=1, not_understood=1)
    assert (early, late) == (0, 1)


@pytest.fixture
async def distributed(postgresql: PostgresqlServer, tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(postgresql.new_database(), tmp_path)
    yield opened
    await opened.close()


def somebody_waits(tx: Tx) -> bool:
    found = text("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")
    return tx.connection.execute(found).first() is not None


async def blocked_or_done(store: Store, task: asyncio.Task[Any]) -> None:
    """Returns when the other transaction waits for ours, or did not need to."""
    # PostgreSQL tells nobody who waits for its locks.
    while not task.done() and not await store.read(somebody_waits):  # noqa: ASYNC110
        await asyncio.sleep(0)


@pytest.mark.parametrize("first", ["outcome", "receipt"])
async def test_a_receipt_and_its_outcome_that_are_written_at_the_same_moment_find_each_other(
    distributed: Store, batch: MakeBatch, first: str
) -> None:
    store = distributed
    (message_id,) = await put_out(store, batch())
    written, go = asyncio.Event(), asyncio.Event()

    def write_outcome(tx: Tx) -> None:
        record_outcomes(tx, [sent(message_id, "R1")])

    def write_receipt(tx: Tx) -> None:
        record_receipts(tx, [Receipts([DELIVERED], now_ms())])

    one, other = (write_outcome, write_receipt) if first == "outcome" else (write_receipt, write_outcome)

    def write_slowly(tx: Tx) -> None:
        one(tx)
        written.set()
        await_only(go.wait())

    slow = asyncio.create_task(store.write(write_slowly))
    await written.wait()
    quick = asyncio.create_task(store.write_item(lambda tx, _: [other(tx)], None, Lane.RECEIPTS))
    await blocked_or_done(store, quick)
    go.set()
    await asyncio.gather(slow, quick)

    assert await status_of(store, message_id) is Status.DELIVERED
    assert await store.read(parked) == 0


async def outbox(store: Store) -> list[Event]:
    """All events that are due, in their order."""
    return await store.write(claim_events, limit=1_000, now_ms=now_ms() + 1, lease_until=now_ms() + 60_000)


async def with_account(store: Store, callback_url: str | None = None) -> None:
    from heliograph.domain.instants import from_ms

    await store.write(add_account, Account(id=ACCOUNT, name="a", created_at=from_ms(1), callback_url=callback_url))


TOLD: dict[ReportWish, list[tuple[EventKind, str | None]]] = {
    ReportWish.NONE: [],
    ReportWish.SUMMARY: [(EventKind.BATCH_SETTLED, None)],
    ReportWish.FULL: [(EventKind.BATCH_SETTLED, None)],
    ReportWish.PER_RECIPIENT: [(EventKind.MESSAGE_STATUS, "sent"), (EventKind.MESSAGE_STATUS, "delivered")],
    ReportWish.PER_RECIPIENT_FINAL: [(EventKind.MESSAGE_STATUS, "delivered")],
    ReportWish.PER_RECIPIENT_FAILED: [],
}


@pytest.mark.parametrize("wish", list(ReportWish))
async def test_customers_are_told_what_they_wished_to_be_told(store: Store, batch: MakeBatch, wish: ReportWish) -> None:
    await with_account(store)
    new = batch(report=wish, callback_url=URL, protocol="xms")
    (message_id,) = await put_out(store, new)
    for status in (Status.QUEUED, Status.SENDING, Status.SENT, Status.SENT, Status.DELIVERED, Status.FAILED):
        await store.write(apply_changes, [Change(message_id, status)], now_ms())

    found = await outbox(store)

    assert [(event.kind, event.facts and event.facts.status) for event in found] == TOLD[wish]
    assert {(event.sink, event.protocol, event.subject_id, event.account_id) for event in found} <= {
        (URL, "xms", new.batch.id, ACCOUNT)
    }
    assert {event.facts.message_id for event in found if event.facts is not None} <= {message_id}


@pytest.mark.parametrize("sizes", [[6], [1, 5], [5, 1], [2, 2, 2], [1, 1, 1, 1, 1, 1]], ids=str)
@pytest.mark.parametrize("together", [True, False], ids=["at once", "one by one"])
async def test_the_end_of_a_batch_is_told_once_however_its_messages_settle(
    store: Store, batch: MakeBatch, sizes: list[int], together: bool
) -> None:
    await with_account(store)
    numbers = [str(33612345670 + n) for n in range(7)]
    await store.write(add_optouts, ACCOUNT, numbers[-1:], OptOutSource.API, 1)
    new = batch(*numbers, report=ReportWish.SUMMARY, callback_url=URL)
    ids = await put_out(store, new)
    ends = [Status.FAILED, Status.UNKNOWN, Status.EXPIRED, Status.REJECTED, Status.CANCELED, Status.FAILED]
    changes = [Change(message_id, end) for message_id, end in zip(ids, ends, strict=True)]
    bounds = [0, *accumulate(sizes)]
    chunks = [Outcomes(changes[start:end], now_ms()) for start, end in pairwise(bounds)]
    seen_before_the_end = []

    if together:
        await asyncio.gather(*(store.write_item(record_outcomes, chunk, Lane.ENGINE) for chunk in chunks))
    else:
        for chunk in chunks:
            seen_before_the_end += await outbox(store)
            await store.write_item(record_outcomes, chunk, Lane.ENGINE)
    await store.write(apply_changes, [*changes, Change(ids[1], Status.DELIVERED)], now_ms())

    assert seen_before_the_end == []
    assert [(event.kind, event.subject_id) for event in await outbox(store)] == [
        (EventKind.BATCH_SETTLED, new.batch.id)
    ]


@pytest.mark.parametrize(
    ("of_batch", "of_account", "told"),
    [
        (URL, None, URL),
        (URL, "https://example.net/", URL),
        (None, "https://example.net/", "https://example.net/"),
        (None, None, None),
    ],
)
async def test_callbacks_go_to_the_batchs_own_address_or_else_the_accounts(
    store: Store, batch: MakeBatch, of_batch: str | None, of_account: str | None, told: str | None
) -> None:
    await with_account(store, of_account)
    new = batch(report=ReportWish.PER_RECIPIENT_FINAL, callback_url=of_batch)
    ids = await put_out(store, new)

    await store.write(apply_changes, [Change(ids[0], Status.FAILED, reason=Reason.INTERNAL, detail="é\n\"'")], now_ms())
    found = await outbox(store)

    assert [(event.sink, event.facts and event.facts.detail) for event in found] == (
        [] if told is None else [(told, "é\n\"'")]
    )


async def test_an_event_is_offered_to_one_worker_and_again_when_its_lease_ends(store: Store, batch: MakeBatch) -> None:
    await with_account(store)
    ids = await put_out(store, batch(report=ReportWish.PER_RECIPIENT_FINAL, callback_url=URL))
    await store.write(apply_changes, [Change(ids[0], Status.FAILED)], now_ms())
    (first,) = await outbox(store)

    nothing = await outbox(store)
    (waiting,) = await store.read(waiting_receivers)
    ended = await store.write(end_event_leases, now_ms())
    (again,) = await outbox(store)

    assert nothing == []
    assert waiting.due_at > now_ms()
    assert ended == 1
    assert (again.id, again.attempts) == (first.id, first.attempts + 1)


@pytest.mark.parametrize(("state", "offered_again"), [("waiting", True), ("delivered", False), ("given_up", False)])
async def test_only_an_event_that_still_waits_is_offered_again(
    store: Store, batch: MakeBatch, state: str, offered_again: bool
) -> None:
    await with_account(store)
    ids = await put_out(store, batch(report=ReportWish.PER_RECIPIENT_FINAL, callback_url=URL))
    await store.write(apply_changes, [Change(ids[0], Status.FAILED)], now_ms())
    (event,) = await outbox(store)

    await store.write(record_event_outcomes, [EventOutcome(event.id, state, now_ms() - 1, "HTTP 500")], now_ms())
    done_at = await store.read(lambda tx: tx.value(select(events.c.done_at)))

    assert (await store.write(end_event_leases, now_ms())) == 0
    assert [again.id for again in await outbox(store)] == ([event.id] if offered_again else [])
    assert (done_at is None) is offered_again


async def test_canceling_calls_back_what_waits_and_nothing_else(store: Store, batch: MakeBatch) -> None:
    await with_account(store)
    numbers = [str(33612345670 + n) for n in range(3)]
    new = batch(*numbers, report=ReportWish.SUMMARY, callback_url=URL)
    ids = await put_out(store, new)
    await store.write(apply_changes, [Change(ids[1], Status.QUEUED), Change(ids[2], Status.DELIVERED)], now_ms())

    assert await store.write(cancel, ACCOUNT, new.batch.id, 5_000) == Canceled(None)
    canceled = await store.read(batch_by_id, ACCOUNT, new.batch.id)
    await store.write(cancel, ACCOUNT, new.batch.id, 6_000)
    rows = await store.read(recipient_statuses_of, ACCOUNT, new.batch.id)
    before_the_last = await outbox(store)
    await store.write(apply_changes, [Change(ids[0], Status.SENT), Change(ids[0], Status.DELIVERED)], now_ms())

    assert [(row.status, row.reason) for row in rows] == [
        (Status.SENDING, None),
        (Status.CANCELED, Reason.CANCELED_BY_CUSTOMER),
        (Status.DELIVERED, None),
    ]
    assert canceled is not None
    assert canceled.canceled_at is not None
    assert canceled.canceled_at.timestamp() == 5
    assert canceled == await store.read(batch_by_id, ACCOUNT, new.batch.id)
    assert before_the_last == []
    assert [event.kind for event in await outbox(store)] == [EventKind.BATCH_SETTLED]


async def test_a_refused_change_writes_nothing_at_all(store: Store, batch: MakeBatch) -> None:
    await with_account(store)
    (message_id,) = await put_out(store, batch(report=ReportWish.PER_RECIPIENT, callback_url=URL))
    await store.write(apply_changes, [Change(message_id, Status.CANCELED, reason="r")], now_ms())
    await outbox(store)
    before: Callable[[Tx], list[Any]] = lambda tx: [tuple(row) for row in tx.rows(select(*messages.c))]  # noqa: E731
    was = await store.read(before)
    late = Change(message_id, Status.SENT, provider="p", provider_ref="R", parts=9, attempts=9, due_at=9, detail="d")

    applied = await store.write(apply_changes, [late, Change("no such message", Status.SENT)], now_ms())

    assert applied == []
    assert await store.read(before) == was
    assert await outbox(store) == []


async def test_every_message_of_a_large_batch_settles_in_one_chunk(store: Store, batch: MakeBatch) -> None:
    new = batch(*(str(33600000000 + n) for n in range(5_000)))
    await store.write_item(accept, new, Lane.ACCEPT)
    found = await store.read(messages_of, ACCOUNT, MessageFilter(), limit=10_000)

    applied = await store.write(apply_changes, [Change(one.id, Status.FAILED) for one in found], now_ms())

    assert len(applied) == 5_000
    assert {row.status for row in await store.read(recipient_statuses_of, ACCOUNT, new.batch.id)} == {Status.FAILED}
