"""Receipts: early, repeated, disordered, unknown, not understood."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from hashlib import sha512
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from heliograph.domain.errors import NotNow
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import NEXT, REPORTABLE, Status
from heliograph.engine.contract import Accepted, Outgoing, Refused, Uncertain
from heliograph.store.base import Lane
from heliograph.store.schema import early_receipts
from heliograph.store.tx import Tx

from .conftest import Running, ScriptedProvider, StartEngine, ref


def kept_receipts(tx: Tx) -> int:
    return int(tx.value(select(func.count()).select_from(early_receipts)))


def counted(running: Running, fate: str) -> float:
    value = running.engine.metrics.registry.get_sample_value("heliograph_receipts_total", {"fate": fate})
    return value or 0.0


async def test_a_receipt_that_arrives_before_the_submits_answer_is_kept_and_applied(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider)

    async def report_first(message: Outgoing) -> None:
        await running.receipt(message.message_id, Status.DELIVERED)

    provider.before_answering = report_first
    (message,) = await running.send()
    delivered = await running.until(message, Status.DELIVERED)

    assert delivered.provider_ref == ref(message.id)
    assert counted(running, "parked") == 1
    assert await running.engine.store.read(kept_receipts) == 0


LONG = b64encode(b"".join(sha512(bytes([n])).digest() for n in range(200))).decode()
"""A name that no index of PostgreSQL has room for."""


async def test_what_one_provider_says_at_length_keeps_no_other_outcome_or_receipt_from_being_recorded(
    start: StartEngine,
) -> None:
    provider = ScriptedProvider()
    provider.answers += [
        Accepted(LONG, poll=LONG),
        Accepted("short"),
        Refused("provider_refused", LONG, LONG * 100),
        Accepted("x\0", poll="x\0"),
    ]
    running = await start(provider)
    messages = await running.send(*(f"+3361234567{n}" for n in range(4)))
    statuses = (Status.SENT, Status.SENT, Status.REJECTED, Status.SENT)
    for message, status in zip(messages, statuses, strict=True):
        await running.until(message, status)

    told = [Receipt("scripted", LONG, Status.DELIVERED, detail=LONG * 100, at_ms=-(10**17))]
    told += [
        Receipt("scripted", f"{LONG}, of nobody", Status.DELIVERED),
        Receipt("scripted", "short", Status.DELIVERED),
    ]
    await running.engine.intake.receipts(told)
    refused = await running.until(messages[2], Status.REJECTED)

    for message in messages[:2]:
        delivered = await running.until(message, Status.DELIVERED)
        assert len(delivered.provider_ref or "") <= 255
    assert len(refused.provider_code or "") <= 100
    assert len(refused.detail or "") <= 2_000
    assert counted(running, "parked") == 1


async def test_a_receipt_that_comes_twice_counts_once(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    (message,) = await running.send()
    await running.until(message, Status.SENT)

    await running.receipt(message, Status.DELIVERED)
    first = await running.until(message, Status.DELIVERED)
    await running.receipt(message, Status.DELIVERED)
    second = await running.services.messages.get(running.account, message.id)

    assert first == second
    assert (counted(running, "applied"), counted(running, "repeated")) == (1, 1)


async def test_both_copies_in_one_chunk_count_once(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    (message,) = await running.send()
    await running.until(message, Status.SENT)
    receipt = Receipt("scripted", ref(message.id), Status.DELIVERED)

    await running.engine.intake.receipts([receipt, receipt])

    assert (counted(running, "applied"), counted(running, "repeated")) == (1, 1)


async def test_whoever_tells_is_answered_while_others_never_stop_telling(
    start: StartEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await start(ScriptedProvider())
    intake, write = running.engine.intake, running.engine.store.write_item
    others: list[asyncio.Task[None]] = []

    async def write_while_more_come(*args: Any) -> Any:
        if Lane.RECEIPTS in args and len(others) < 50:
            others.append(asyncio.create_task(intake.receipts([Receipt("scripted", "another's", Status.DELIVERED)])))
            await asyncio.sleep(0)
        return await write(*args)

    monkeypatch.setattr(running.engine.store, "write_item", write_while_more_come)

    await intake.receipts([Receipt("scripted", "never heard of", Status.DELIVERED)])
    came_meanwhile = len(others)
    while len(others) < 50:
        await others[-1]
    await asyncio.gather(*others)

    assert came_meanwhile < 5


async def test_receipts_that_could_not_be_stored_are_told_of_and_stored_with_the_next(
    start: StartEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await start(ScriptedProvider())
    (message,) = await running.send()
    await running.until(message, Status.SENT)
    write, answers = running.engine.store.write_item, [NotNow()]

    async def refuse_once(*args: Any) -> Any:
        if Lane.RECEIPTS in args and answers:
            raise answers.pop()
        return await write(*args)

    monkeypatch.setattr(running.engine.store, "write_item", refuse_once)

    with pytest.raises(NotNow):
        await running.receipt(message, Status.DELIVERED)
    await running.engine.intake.receipts([Receipt("scripted", "never heard of", Status.DELIVERED)])

    await running.until(message, Status.DELIVERED)


@pytest.mark.parametrize("late", sorted(REPORTABLE))
async def test_a_late_receipt_never_moves_a_message_back(start: StartEngine, late: Status) -> None:
    running = await start(ScriptedProvider())
    (message,) = await running.send()
    await running.until(message, Status.SENT)
    await running.receipt(message, Status.DELIVERED)
    before = await running.until(message, Status.DELIVERED)

    await running.receipt(message, late, reason="undelivered")

    assert await running.services.messages.get(running.account, message.id) == before
    assert late not in NEXT[Status.DELIVERED]


async def test_a_receipt_for_nobody_is_kept_and_harms_nobody(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    (message,) = await running.send()
    await running.until(message, Status.SENT)

    await running.engine.intake.receipts([Receipt("scripted", "never heard of", Status.DELIVERED)])
    await running.engine.intake.receipts([Receipt("somebody else", ref(message.id), Status.DELIVERED)])

    assert (await running.services.messages.get(running.account, message.id)).status is Status.SENT
    assert await running.engine.store.read(kept_receipts) == 2


async def test_a_word_that_nobody_knows_changes_nothing_and_is_counted(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    (message,) = await running.send()
    before = await running.until(message, Status.SENT)

    await running.receipt(message, None, detail="BUFFERED_MAYBE")

    assert await running.services.messages.get(running.account, message.id) == before
    assert counted(running, "not_understood") == 1


async def test_a_receipt_settles_what_was_unknown(start: StartEngine) -> None:
    provider = ScriptedProvider()
    provider.answers.append(Uncertain("no answer"))
    running = await start(provider)
    (message,) = await running.send()
    unknown = await running.until(message, Status.UNKNOWN)

    assert unknown.status is Status.UNKNOWN
    assert Status.DELIVERED in NEXT[Status.UNKNOWN]


async def test_receipts_of_many_callers_share_commits_and_all_arrive(start: StartEngine) -> None:
    import asyncio

    running = await start(ScriptedProvider())
    messages = await running.send(*(f"+336{n:08d}" for n in range(300)))
    for message in messages:
        await running.until(message, Status.SENT)

    await asyncio.gather(*(running.receipt(message, Status.DELIVERED) for message in messages))

    report = await running.services.reports.of_batch(running.account.id, messages[0].batch_id, with_recipients=False)
    assert [msgspec.structs.astuple(bucket)[0::3] for bucket in report.buckets] == [(Status.DELIVERED, 300)]
