"""Claims, leases, and moving messages from status to status."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import literal, select, text

from heliograph.domain.batches import ReportWish
from heliograph.domain.instants import now_ms
from heliograph.domain.statuses import Status, may_become
from heliograph.store import Store, open_store
from heliograph.store.base import Lane
from heliograph.store.batches import accept
from heliograph.store.changes import Applied, Change, apply_changes
from heliograph.store.events import claim_events
from heliograph.store.messages import MessageFilter, message_by_id, messages_of
from heliograph.store.queue import (
    Claim,
    claim_due,
    due_messages,
    end_leases,
    extend_leases,
    next_due_at,
    take_back_lapsed,
)
from heliograph.store.schema import messages
from heliograph.store.tx import Tx

from .conftest import ACCOUNT, MakeBatch


async def ids_of(store: Store, batch_id: str) -> list[str]:
    found = await store.read(messages_of, ACCOUNT, MessageFilter(batch_id=batch_id), limit=10_000)
    return sorted(message.id for message in found)


async def claim(
    store: Store, limit: int, worker: str = "w", *, at: int | None = None, lease_ms: int = 60_000
) -> list[str]:
    now = now_ms() if at is None else at
    work = await store.write_item(claim_due, Claim(worker, limit, now, now + lease_ms), Lane.ENGINE)
    return [message.id for message in work.messages]


async def test_due_messages_are_claimed_oldest_first_and_once(store: Store, batch: MakeBatch, now: object) -> None:
    first = batch("33612345670", "33612345671")
    later = batch(send_at=first.batch.send_at + timedelta(hours=1), expire_at=first.batch.send_at + timedelta(days=1))
    for new in (later, first):
        await store.write_item(accept, new, Lane.ACCEPT)
    expected = await ids_of(store, first.batch.id)

    one, two, three = [await claim(store, 1) for _ in range(3)]
    in_an_hour = await claim(store, 10, at=now_ms() + 3_700_000)

    assert (one, two, three) == ([expected[0]], [expected[1]], [])
    assert in_an_hour == await ids_of(store, later.batch.id)


async def test_workers_at_the_same_time_never_get_the_same_message(store: Store, batch: MakeBatch) -> None:
    new = batch(*(str(33600000000 + n) for n in range(1_000)))
    await store.write_item(accept, new, Lane.ACCEPT)

    chunks = await asyncio.gather(*(claim(store, 100, f"w{n}") for n in range(10)))

    claimed = [message_id for chunk in chunks for message_id in chunk]
    assert len(claimed) == len(set(claimed)) == 1_000


async def test_a_lease_that_ended_is_taken_back_and_one_that_was_extended_is_not(
    store: Store, batch: MakeBatch
) -> None:
    new = batch("33612345670", "33612345671")
    await store.write_item(accept, new, Lane.ACCEPT)
    lapsed, kept = await claim(store, 2, lease_ms=-1)
    await store.write(extend_leases, "w", [kept], now_ms() + 60_000)

    applied = await store.write(take_back_lapsed, now_ms(), 10, lambda _account, _msisdn: (Status.QUEUED, None))

    assert [change.message_id for change in applied] == [lapsed]
    assert await claim(store, 10) == [lapsed]


async def test_a_stopping_worker_ends_its_own_leases_only(store: Store, batch: MakeBatch) -> None:
    await store.write_item(accept, batch("33612345670", "33612345671"), Lane.ACCEPT)
    (mine,), (_theirs,) = await claim(store, 1, "me"), await claim(store, 1, "them")

    await store.write(end_leases, "me")
    back = await store.write(take_back_lapsed, now_ms(), 10, lambda _account, _msisdn: (Status.UNKNOWN, "uncertain"))

    assert [(change.message_id, change.status) for change in back] == [(mine, Status.UNKNOWN)]


async def test_the_next_due_time_is_that_of_the_earliest_message(store: Store, batch: MakeBatch) -> None:
    assert await store.read(next_due_at) is None
    new = batch()
    await store.write_item(accept, new, Lane.ACCEPT)

    assert await store.read(next_due_at) == int(new.batch.send_at.timestamp() * 1_000 + 0.5)


def force(tx: Tx, message_id: str, status: Status) -> int:
    """Puts a message into any status, whatever the table says."""
    return tx.update(messages, "id", ("status",), [(message_id, status.value)])


async def test_a_status_changes_exactly_when_the_table_allows_it(store: Store, batch: MakeBatch) -> None:
    pairs = list(product(Status, Status))
    new = batch(*(str(33600000000 + n) for n in range(len(pairs))))
    await store.write_item(accept, new, Lane.ACCEPT)
    ids = await ids_of(store, new.batch.id)
    for message_id, (was, _) in zip(ids, pairs, strict=True):
        await store.write(force, message_id, was)

    applied: list[Applied] = await store.write(
        apply_changes, [Change(message_id, then) for message_id, (_, then) in zip(ids, pairs, strict=True)], now_ms()
    )

    moved = {change.message_id for change in applied}
    for message_id, (was, then) in zip(ids, pairs, strict=True):
        stored = await store.read(message_by_id, ACCOUNT, message_id)
        assert stored is not None
        assert (message_id in moved) == may_become(was, then)
        assert stored.status is (then if may_become(was, then) else was)


async def test_two_changes_of_one_message_in_one_chunk_see_each_other(store: Store, batch: MakeBatch) -> None:
    new = batch()
    await store.write_item(accept, new, Lane.ACCEPT)
    (message_id,) = await claim(store, 1)
    changes = [Change(message_id, Status.SENT), Change(message_id, Status.DELIVERED), Change(message_id, Status.FAILED)]

    applied = await store.write(apply_changes, changes, now_ms())
    stored = await store.read(message_by_id, ACCOUNT, message_id)

    assert [change.status for change in applied] == [Status.SENT, Status.DELIVERED]
    assert stored is not None
    assert stored.status is Status.DELIVERED


@pytest.mark.parametrize("chunk", [1, 3, 10])
async def test_the_end_of_a_batch_is_an_event_exactly_once(store: Store, batch: MakeBatch, chunk: int) -> None:
    from heliograph.domain.accounts import Account
    from heliograph.domain.callbacks import EventKind
    from heliograph.store.accounts import add_account

    new = batch(*(str(33600000000 + n) for n in range(10)), report=ReportWish.FULL, callback_url="https://example.org/")
    await store.write(add_account, Account(id=ACCOUNT, name="a", created_at=new.batch.created_at))
    await store.write_item(accept, new, Lane.ACCEPT)
    ids = await claim(store, 10)

    for start in range(0, 10, chunk):
        changes = [Change(message_id, Status.FAILED) for message_id in ids[start : start + chunk]]
        await store.write(apply_changes, [*changes, *changes], now_ms())
    found = await store.write(claim_events, limit=10, now_ms=now_ms() + 1, lease_until=now_ms() + 60_000)

    assert [(event.kind, event.subject_id) for event in found] == [(EventKind.BATCH_SETTLED, new.batch.id)]


@pytest.mark.parametrize("count", [0, 1, 5_000])
async def test_a_chunk_of_values_of_any_size_is_one_condition(store: Store, count: int) -> None:
    def among(tx: Tx) -> list[str]:
        values = [f"v{n}" for n in range(count)]
        chosen = select(literal("v0").label("found")).subquery()
        return [row[0] for row in tx.rows(select(chosen.c.found).where(tx.among(chosen.c.found, values)))]

    assert await store.read(among) == (["v0"] if count else [])


async def test_a_claim_reads_the_queue_from_its_index_and_sorts_nothing(
    store_url: str, tmp_path: Path, batch: MakeBatch
) -> None:
    store = await open_store(store_url, tmp_path)

    def plan(tx: Tx) -> str:
        compiled = due_messages(now_ms(), 500).compile(tx.connection, compile_kwargs={"literal_binds": True})
        how = "EXPLAIN QUERY PLAN" if store.dialect == "sqlite" else "EXPLAIN"
        with tx.in_index_order():
            return "\n".join(str(row[-1]) for row in tx.connection.execute(text(f"{how} {compiled}")))

    for _ in range(4):
        await store.write_item(accept, batch(*(str(33600000000 + n) for n in range(5_000))), Lane.ACCEPT)
    found = await store.write(plan)
    await store.close()

    assert "messages_due" in found
    assert "Sort" not in found
    assert "TEMP B-TREE" not in found
