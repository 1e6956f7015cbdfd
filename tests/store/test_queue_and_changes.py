"""Claims, leases, and moving messages from status to status."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import literal, select, text, update

from heliograph.domain.batches import Options, Parameters, ReportWish
from heliograph.domain.channels import Channel, Fallback
from heliograph.domain.filters import MessageFilter
from heliograph.domain.instants import now_ms, to_ms
from heliograph.domain.life import Change, Transition
from heliograph.domain.optouts import OptOutSource
from heliograph.domain.statuses import Status, may_become
from heliograph.store import Store, open_store
from heliograph.store.base import Lane
from heliograph.store.batches import accept, parameters_of
from heliograph.store.changes import apply_changes
from heliograph.store.events import claim_events
from heliograph.store.messages import message_by_id, messages_of
from heliograph.store.optouts import add_optouts
from heliograph.store.queue import (
    Claim,
    claim_due,
    depth,
    due_messages,
    end_leases,
    extend_leases,
    next_due_at,
    take_back_lapsed,
)
from heliograph.store.schema import batches, messages
from heliograph.store.tx import Row, Tx

from .conftest import ACCOUNT, OTHER, MakeBatch

if TYPE_CHECKING:
    from tests.conftest import PostgresqlServer


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

    applied = await store.write(take_back_lapsed, now_ms(), 10, lambda *_: (Status.QUEUED, None))

    assert [change.message_id for change in applied] == [lapsed]
    assert await claim(store, 10) == [lapsed]


async def test_a_stopping_worker_ends_its_own_leases_only(store: Store, batch: MakeBatch) -> None:
    await store.write_item(accept, batch("33612345670", "33612345671"), Lane.ACCEPT)
    (mine,), (_theirs,) = await claim(store, 1, "me"), await claim(store, 1, "them")

    await store.write(end_leases, "me")
    back = await store.write(take_back_lapsed, now_ms(), 10, lambda *_: (Status.UNKNOWN, "uncertain"))

    assert [(change.message_id, change.status) for change in back] == [(mine, Status.UNKNOWN)]


async def test_the_next_due_time_is_that_of_the_earliest_message(store: Store, batch: MakeBatch) -> None:
    assert await store.read(next_due_at) is None
    new = batch()
    await store.write_item(accept, new, Lane.ACCEPT)

    assert await store.read(next_due_at) == int(new.batch.send_at.timestamp() * 1_000 + 0.5)


class Forced(Row, frozen=True):
    id: str
    status: str


def force(tx: Tx, message_id: str, status: Status) -> int:
    """Puts a message into any status, whatever the table says."""
    return tx.update(messages, [Forced(message_id, status.value)])


async def test_a_status_changes_exactly_when_the_table_allows_it(store: Store, batch: MakeBatch) -> None:
    pairs = list(product(Status, Status))
    new = batch(*(str(33600000000 + n) for n in range(len(pairs))))
    await store.write_item(accept, new, Lane.ACCEPT)
    ids = await ids_of(store, new.batch.id)
    for message_id, (was, _) in zip(ids, pairs, strict=True):
        await store.write(force, message_id, was)

    applied: list[Transition] = await store.write(
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


async def fill_the_queue(store: Store, batch: MakeBatch) -> None:
    for _ in range(4):
        await store.write_item(accept, batch(*(str(33600000000 + n) for n in range(5_000))), Lane.ACCEPT)


async def test_the_embedded_queue_is_read_from_its_index_and_nothing_is_sorted(
    tmp_path: Path, batch: MakeBatch
) -> None:
    store = await open_store("", tmp_path)
    await fill_the_queue(store, batch)

    def plan(tx: Tx) -> str:
        compiled = due_messages(now_ms(), 500).compile(tx.connection, compile_kwargs={"literal_binds": True})
        return "\n".join(str(row[-1]) for row in tx.connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}")))

    found = await store.write(plan)
    await store.close()

    assert "messages_due" in found
    assert "TEMP B-TREE" not in found


@pytest.mark.parametrize("mode", ["auto", "force_generic_plan", "force_custom_plan"])
@pytest.mark.parametrize("analysed", [False, True], ids=["never analysed", "analysed"])
async def test_the_shared_queue_is_read_from_its_index_and_nothing_is_sorted(
    postgresql: PostgresqlServer, tmp_path: Path, batch: MakeBatch, mode: str, analysed: bool
) -> None:
    store = await open_store(postgresql.new_database(), tmp_path)
    await store.write(lambda tx: tx.connection.execute(text("ALTER TABLE messages SET (autovacuum_enabled = off)")))
    await fill_the_queue(store, batch)

    def plans(tx: Tx) -> list[str]:
        """The plan of each of several executions of one prepared statement, as a worker repeats it."""
        run = tx.connection.exec_driver_sql
        if analysed:
            run("ANALYZE messages")
        compiled = due_messages(now_ms(), 500).compile(tx.connection)
        assert set(compiled.params) == {"due_at_1", "param_1"}
        run(f"SET LOCAL plan_cache_mode = {mode}")
        run(f"PREPARE claiming AS {compiled}")
        call = f"EXECUTE claiming({now_ms()}, 500)"
        found = []
        with tx.in_index_order():
            for _ in range(8):
                assert len(run(call).fetchall()) == 500
                found.append("\n".join(str(row[0]) for row in run(f"EXPLAIN {call}")))
        run("DEALLOCATE claiming")
        return found

    found = await store.write(plans)
    await store.close()

    assert len(found) == 8
    assert [plan for plan in found if "messages_due" not in plan or "Sort" in plan] == []


async def test_a_message_is_not_claimed_before_its_time(store: Store, batch: MakeBatch) -> None:
    new = batch()
    await store.write_item(accept, new, Lane.ACCEPT)
    due_at = to_ms(new.batch.send_at)

    early = await claim(store, 10, at=due_at - 1)
    in_time = await claim(store, 10, at=due_at)

    assert early == []
    assert in_time == await ids_of(store, new.batch.id)


async def test_claims_of_one_commit_share_the_queue_and_each_gets_its_own(store: Store, batch: MakeBatch) -> None:
    new = batch(*(str(33600000000 + n) for n in range(5)))
    await store.write_item(accept, new, Lane.ACCEPT)

    first, second, third = await asyncio.gather(claim(store, 3, "a"), claim(store, 3, "b"), claim(store, 3, "c"))

    assert first + second == await ids_of(store, new.batch.id)
    assert third == []


async def test_a_claim_brings_what_is_needed_to_send(store: Store, batch: MakeBatch) -> None:
    await store.write(add_optouts, ACCOUNT, ["33612345671"], OptOutSource.API, 1)
    plain = batch("33612345670", body="Hello", flash=True, max_parts=2)
    other = batch("33612345671", "33612345672", parameters={"x": {"default": "y"}}, account_id=OTHER)
    for new in (plain, other):
        await store.write_item(accept, new, Lane.ACCEPT)
    await store.write(add_optouts, OTHER, ["33612345672"], OptOutSource.API, 1)
    await store.write(cancel_mark, other.batch.id)
    now = now_ms()

    work = await store.write_item(claim_due, Claim("w", 10, now, now + 60_000), Lane.ENGINE)
    facts = work.batches[plain.batch.id]

    assert {message.msisdn: (message.account_id, message.attempts, message.opted_out) for message in work.messages} == {
        "33612345670": (ACCOUNT, 1, False),
        "33612345671": (OTHER, 1, False),
        "33612345672": (OTHER, 1, True),
    }
    assert (facts.body, facts.flash, facts.max_parts, facts.has_parameters, facts.canceled) == (
        "Hello",
        True,
        2,
        False,
        False,
    )
    assert work.batches[other.batch.id].has_parameters
    assert work.batches[other.batch.id].canceled
    assert await store.read(parameters_of, other.batch.id) == {"x": {"default": "y"}}
    assert await store.read(parameters_of, plain.batch.id) == {}


@pytest.mark.parametrize(
    ("body", "fallback", "parameters", "needed"),
    [
        ("Hi ${x}", None, {"x": {}}, True),
        ("Hi", "By ${x}", {"x": {}}, True),
        ("Hi", "By SMS", {"x": {}}, False),
        ("Hi", None, {}, False),
        ("Hi ${x}", None, None, False),
    ],
)
async def test_parameters_are_needed_where_a_text_may_name_one(
    store: Store, batch: MakeBatch, body: str, fallback: str | None, parameters: Parameters | None, needed: bool
) -> None:
    fallbacks = [] if fallback is None else [Fallback(channel=Channel.VIBER, body=fallback)]
    new = batch(body=body, parameters=parameters, options=Options(fallbacks=fallbacks))
    await store.write_item(accept, new, Lane.ACCEPT)

    work = await store.write_item(claim_due, Claim("w", 10, now_ms(), now_ms() + 60_000), Lane.ENGINE)

    assert work.batches[new.batch.id].needs_parameters is needed


def cancel_mark(tx: Tx, batch_id: str) -> int:
    """What a cancellation leaves while the messages are in flight."""
    return tx.run(update(batches).where(batches.c.id == batch_id).values(canceled_at=1))


async def test_another_workers_lease_is_not_extended(store: Store, batch: MakeBatch) -> None:
    await store.write_item(accept, batch("33612345670", "33612345671"), Lane.ACCEPT)
    (mine,), (theirs,) = await claim(store, 1, "me"), await claim(store, 1, "them", lease_ms=-1)

    extended = await store.write(extend_leases, "me", [mine, theirs], now_ms() + 60_000)
    back = await store.write(take_back_lapsed, now_ms(), 10, lambda *_: (Status.QUEUED, None))

    assert extended == 1
    assert [change.message_id for change in back] == [theirs]


async def test_taking_back_takes_no_more_than_it_was_told(store: Store, batch: MakeBatch) -> None:
    new = batch(*(str(33600000000 + n) for n in range(5)))
    await store.write_item(accept, new, Lane.ACCEPT)
    await claim(store, 5, lease_ms=-1)

    chunks = [await store.write(take_back_lapsed, now_ms(), 2, lambda *_: (Status.QUEUED, None)) for _ in range(4)]

    assert [len(chunk) for chunk in chunks] == [2, 2, 1, 0]
    assert await store.read(depth) == {"queued": 5, "sending": 0}


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM messages WHERE status = 'sending' AND lease_until < 5 ORDER BY lease_until LIMIT 10",
        "SELECT due_at FROM messages WHERE status = 'queued' AND waits_at IS NULL AND set_aside IS NULL "
        "AND priority = 1 ORDER BY due_at, id LIMIT 1",
    ],
)
async def test_looking_for_work_reads_an_index_of_what_waits_only(store: Store, statement: str) -> None:
    def plan(tx: Tx) -> str:
        if store.dialect == "sqlite":
            return "\n".join(str(row[-1]) for row in tx.connection.execute(text(f"EXPLAIN QUERY PLAN {statement}")))
        tx.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return "\n".join(str(row[0]) for row in tx.connection.execute(text(f"EXPLAIN {statement}")))

    found = await store.write(plan)

    assert "messages_leased" in found or "messages_due" in found
