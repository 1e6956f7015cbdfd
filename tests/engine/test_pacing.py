"""How fast messages go, which goes first, and batches that pause."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update
from tests.patience import HANG_S

from heliograph.domain.batches import Draft, Options, Pause, PauseReason
from heliograph.domain.errors import BatchCanceled
from heliograph.domain.filters import MessageFilter
from heliograph.domain.messages import Waiting
from heliograph.domain.priorities import Priority
from heliograph.domain.statuses import Reason, Status
from heliograph.domain.verifications import VerificationDraft, Wording
from heliograph.engine.contract import Outgoing, Refused
from heliograph.engine.routes import RouteRules
from heliograph.store.schema import messages
from heliograph.store.tx import Tx

from .conftest import Running, ScriptedProvider, StartEngine

if TYPE_CHECKING:
    from heliograph.domain.messages import Message


def numbers(count: int) -> list[str]:
    return [f"+336{number:08d}" for number in range(count)]


async def taken(provider: ScriptedProvider, count: int) -> list[Outgoing]:
    return [await asyncio.wait_for(provider.sent.get(), HANG_S) for _ in range(count)]


async def test_no_more_is_sent_than_a_provider_may_get(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider, lines={"scripted": RouteRules(per_second=50)})
    started = time.monotonic()

    await running.send(*numbers(100))
    await taken(provider, 100)

    assert time.monotonic() - started > 1.7  # two seconds, but for a tenth that goes at once


async def test_two_workers_together_keep_the_limit(start: StartEngine, emptied_url: str) -> None:
    if not emptied_url:
        pytest.skip("an embedded store has one process")
    one, other = ScriptedProvider(), ScriptedProvider()
    rules = {"scripted": RouteRules(per_second=50)}
    first = await start(one, lines=rules)
    await start(other, lines=rules)
    started = time.monotonic()

    await first.send(*numbers(100))

    async def all_sent() -> bool | None:
        return one.sent.qsize() + other.sent.qsize() == 100 or None

    await first.once("nothing", all_sent)
    assert time.monotonic() - started > 1.7


async def test_each_originator_has_a_limit_of_its_own(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider, lines={"scripted": RouteRules(per_originator=0.5)})
    for originator in ("Acme", "Bell"):
        draft = Draft(protocol="v1", to=numbers(3), originator=originator, text="Hello")
        await running.services.batches.create(running.account, draft)

    first = await taken(provider, 2)
    await asyncio.sleep(0)

    assert {message.originator for message in first} == {"Acme", "Bell"}
    assert provider.sent.empty()


async def test_a_code_overtakes_a_campaign_at_a_paced_provider(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider, lines={"scripted": RouteRules(per_second=20)})
    await running.send(*numbers(500))
    await taken(provider, 5)

    await running.services.verify.start(
        running.account,
        VerificationDraft(number="+447400123456", wording=Wording(text="${code}"), protocol="v1"),
    )
    next_ones = await taken(provider, 15)

    assert "447400123456" in {message.msisdn for message in next_ones}


async def test_the_urgent_are_claimed_first(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider)
    soon = datetime.now(UTC) + timedelta(seconds=2)
    for priority in (Priority.LOW, Priority.NORMAL, Priority.URGENT):
        to, options = [f"+33612345{int(priority)}00"], Options(priority=priority)
        draft = Draft(protocol="v1", to=to, originator="Acme", text="Hello", send_at=soon, options=options)
        await running.services.batches.create(running.account, draft)

    order = [message.msisdn[-3] for message in await taken(provider, 3)]

    assert order == ["0", "1", "2"]


async def test_a_paused_batch_waits_and_goes_on_where_it_was(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider, lines={"scripted": RouteRules(per_second=20)})
    sent = await running.send(*numbers(60))
    batch_id = sent[0].batch_id
    before = await taken(provider, 5)

    paused = await running.services.batches.pause(running.account, batch_id)
    again = await running.services.batches.pause(running.account, batch_id)
    (other,) = await running.send("+447400123456")
    await running.until(other, Status.SENT)
    while not provider.sent.empty():
        before.append(provider.sent.get_nowait())
    waiting = await running.why(sent[-1])
    resumed = await running.services.batches.resume(running.account, batch_id)
    after = await taken(provider, 61 - len(before))

    assert paused.paused
    assert again.paused
    assert waiting.why is Waiting.PAUSED
    assert not resumed.paused
    assert len({message.message_id for message in (*before, *after)}) == 61
    assert provider.sent.empty()


async def test_what_is_canceled_neither_pauses_nor_goes_on(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    (message,) = await running.send(send_in=timedelta(hours=1))
    await running.services.batches.cancel(running.account, message.batch_id)

    for turn in (running.services.batches.pause, running.services.batches.resume):
        with pytest.raises(BatchCanceled):
            await turn(running.account, message.batch_id)


async def test_a_paused_batch_can_be_canceled(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    (message,) = await running.send(send_in=timedelta(hours=1))
    await running.services.batches.pause(running.account, message.batch_id)
    await running.services.batches.cancel(running.account, message.batch_id)

    assert (await running.until(message, Status.CANCELED)).reason == Reason.CANCELED_BY_CUSTOMER


async def paused_by_itself(running: Running, batch_id: str) -> bool | None:
    batch = await running.services.batches.get(running.account, batch_id)
    return batch.pause is Pause.PAUSED or None


async def test_a_campaign_stops_when_too_much_of_it_fails(start: StartEngine) -> None:
    provider = ScriptedProvider()
    provider.answers.extend([Refused(Reason.PROVIDER_REFUSED, "9")] * 20)
    running = await start(provider, lines={"scripted": RouteRules(per_second=100)})
    sent = await running.send(*numbers(300), options=Options(pause_share=0.2, pause_after=10))
    batch_id = sent[0].batch_id

    await running.once("nothing", lambda: paused_by_itself(running, batch_id))
    batch = await running.services.batches.get(running.account, batch_id)
    refused = await running.services.messages.page(
        running.account, MessageFilter(batch_id=batch_id, statuses=[Status.REJECTED]), limit=1_000
    )
    await running.services.batches.resume(running.account, batch_id)
    for message in sent[100:110]:
        await running.until(message, Status.SENT)

    assert batch.pause_reason == PauseReason.FAILURES
    assert 10 <= len(refused) <= 20


async def test_a_campaign_of_which_little_fails_goes_on(start: StartEngine) -> None:
    provider = ScriptedProvider()
    provider.answers.extend([Refused(Reason.PROVIDER_REFUSED, "9")] * 3)
    running = await start(provider)
    sent = await running.send(*numbers(100), options=Options(pause_share=0.2, pause_after=10))

    for message in sent[3:]:
        await running.until(message, Status.SENT)
        await running.receipt(message, Status.DELIVERED)

    assert (await running.services.batches.get(running.account, sent[0].batch_id)).pause is None


async def test_marketing_that_is_claimed_in_the_quiet_hours_goes_back_until_they_are_over(start: StartEngine) -> None:
    """It was due before, but the provider was slow, say: the clock is looked at again before sending."""
    running = await start(ScriptedProvider())
    now = datetime.now(ZoneInfo("Europe/Paris"))
    minute = now.hour * 60 + now.minute
    quiet = ((minute - 5) % 1440, (minute + 60) % 1440)
    draft = Draft(protocol="v1", to=["+33612345678"], originator="Acme", text="Buy", options=Options(quiet=quiet))
    batch = (await running.services.batches.create(running.account, draft)).batch
    found = await running.services.messages.page(running.account, MessageFilter(batch_id=batch.id), limit=1)
    await running.engine.store.write(make_due, batch.id)
    running.engine.batch_changed()

    async def put_back() -> Message | None:
        now = await running.services.messages.get(running.account, found[0].id)
        return now if now.why_queued == Waiting.QUIET else None

    waiting = await running.once(found[0].id, put_back)

    assert timedelta(minutes=59) < waiting.due_at - datetime.now(UTC) < timedelta(minutes=62)
    assert waiting.attempts == 0


def make_due(tx: Tx, batch_id: str) -> None:
    tx.run(update(messages).where(messages.c.batch_id == batch_id).values(due_at=0))
