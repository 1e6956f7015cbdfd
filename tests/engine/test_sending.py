"""From acceptance to the end of a message, on both stores."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.expanding import expand_due
from tests.patience import HANG_S

from heliograph.domain.batches import Draft, Options
from heliograph.domain.contacts import ContactDraft, Details
from heliograph.domain.errors import ShuttingDown
from heliograph.domain.groups import GroupDraft
from heliograph.domain.instants import now_ms
from heliograph.domain.messages import Waiting
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import Accepted, Outgoing, Refused, TryAgain, Uncertain
from heliograph.engine.routes import FAILURES_TO_LEAVE, RouteRules

from .conftest import Running, ScriptedProvider, StartEngine, ref

if TYPE_CHECKING:
    from heliograph.domain.messages import Message

LATER = timedelta(hours=1)


async def test_an_accepted_message_is_sent_and_its_receipt_settles_it(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    (message,) = await running.send("+33612345678", text="Hello ☺")

    sent = await running.until(message, Status.SENT)
    await running.receipt(message, Status.DELIVERED)
    delivered = await running.until(message, Status.DELIVERED)

    assert (sent.provider, sent.provider_ref, sent.encoding, sent.parts) == ("scripted", ref(message.id), "ucs2", 1)
    assert delivered.settled_at is not None
    assert delivered.attempts == 1


async def test_a_scheduled_message_waits_and_can_be_called_back(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider)
    (later,) = await running.send(send_in=LATER)
    (now,) = await running.send()
    await running.until(now, Status.SENT)

    wait = await running.why(later)
    await running.services.batches.cancel(running.account, later.batch_id)
    canceled = await running.services.messages.get(running.account, later.id)

    assert (wait.why, wait.until) == (Waiting.SCHEDULED, later.due_at)
    assert (canceled.status, canceled.reason) == (Status.CANCELED, Reason.CANCELED_BY_CUSTOMER)
    assert provider.sent.qsize() == 1


async def test_members_get_their_fields_although_others_of_the_batch_were_sent_before(start: StartEngine) -> None:
    """In Japan it is this hour already, while the members of groups are looked up by the clock of UTC."""
    provider = ScriptedProvider()
    running = await start(provider)
    ada, bob = "819012345678", "819012345679"
    group = await running.services.groups.create(running.account, GroupDraft(name="Japan"))
    contacts = [
        ContactDraft(number=f"+{number}", details=Details(first_name=name))
        for number, name in ((ada, "Ada"), (bob, "Bob"))
    ]
    await running.services.contacts.add(running.account, group, contacts, on_invalid=None)
    draft = Draft(
        protocol="v1",
        to=[f"+{ada}"],
        groups=[group.id],
        text="Hello ${first_name}",
        send_at=datetime.now(UTC) + LATER,
        options=Options(local_time=True),
    )

    await running.services.batches.create(running.account, draft)
    first = await provider.sent.get()
    await expand_due(running.engine.store, now_ms() + 2 * 3_600_000)
    running.engine.batch_changed()
    second = await provider.sent.get()

    assert [(each.msisdn, each.body) for each in (first, second)] == [(ada, "Hello Ada"), (bob, "Hello Bob")]


async def test_a_message_whose_time_has_just_come_is_sent(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    (message,) = await running.send(send_in=timedelta(milliseconds=300))

    sent = await running.until(message, Status.SENT)

    assert sent.sent_at is not None
    assert sent.sent_at >= message.due_at


async def test_a_message_that_would_be_tried_again_past_its_validity_is_not(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider)
    provider.answers.append(TryAgain(after_ms=120_000, detail="busy"))
    (message,) = await running.send(expire_in=timedelta(seconds=60))

    failed = await running.until(message, Status.FAILED)

    assert failed.reason == Reason.RETRIES_EXHAUSTED
    assert provider.sent.qsize() == 1


async def test_a_message_whose_validity_ended_while_it_waited_is_not_sent(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider)
    (message,) = await running.send(send_in=LATER)
    await running.services.batches.pause(running.account, message.batch_id)
    expire_at = datetime.now(UTC) + timedelta(seconds=2)
    await running.services.batches.change(
        running.account,
        message.batch_id,
        lambda draft: msgspec.structs.replace(draft, send_at=None, expire_at=expire_at),
    )

    async def over() -> bool | None:
        return datetime.now(UTC) > expire_at or None

    await running.once("nothing", over)
    await running.services.batches.resume(running.account, message.batch_id)
    expired = await running.until(message, Status.EXPIRED)

    assert expired.reason == Reason.EXPIRED_BEFORE_SENDING
    assert provider.sent.empty()


async def test_who_opted_out_is_not_written_to(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider)
    await running.services.optouts.add(running.account, "+33612345678")

    refused, sent = await running.send("+33612345678", "+33612345679")
    await running.until(sent, Status.SENT)

    assert (refused.status, refused.reason) == (Status.REJECTED, Reason.OPTED_OUT)
    assert provider.sent.qsize() == 1


def _at_once(draft: Draft) -> Draft:
    return msgspec.structs.replace(draft, send_at=None)


async def test_an_opt_out_between_acceptance_and_sending_is_honoured(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider)
    (message,) = await running.send(send_in=LATER)
    await running.services.optouts.add(running.account, "+33612345678")
    await running.services.batches.change(running.account, message.batch_id, _at_once)

    ended = await running.until(message, Status.REJECTED)

    assert ended.reason == Reason.OPTED_OUT
    assert provider.sent.empty()


async def test_a_body_that_needs_more_parts_than_allowed_fails_without_being_sent(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider)
    (message,) = await running.send(text="a" * 161, max_parts=1)

    failed = await running.until(message, Status.FAILED)

    assert failed.reason == Reason.TOO_MANY_PARTS
    assert provider.sent.empty()


async def test_a_refusal_is_final_and_keeps_the_providers_words(start: StartEngine) -> None:
    provider = ScriptedProvider()
    provider.answers.append(Refused(Reason.UNKNOWN_SUBSCRIBER, "27", "Absent"))
    running = await start(provider)
    (message,) = await running.send()

    refused = await running.until(message, Status.REJECTED)

    assert (refused.reason, refused.provider_code, refused.detail) == (Reason.UNKNOWN_SUBSCRIBER, "27", "Absent")


async def test_a_passing_failure_is_tried_again(start: StartEngine) -> None:
    provider = ScriptedProvider()
    provider.answers.append(TryAgain(code="88", detail="throttled"))
    running = await start(provider)
    (message,) = await running.send()
    await provider.sent.get()
    waiting = await running.until(message, Status.QUEUED)
    wait = await running.why(message)

    sent = await running.until(message, Status.SENT)

    if waiting.attempts:  # it may have been looked at before the first attempt was recorded
        assert (wait.why, waiting.provider_code) == (Waiting.RETRY, "88")
    assert sent.attempts == 2


@pytest.mark.parametrize("answer", [Uncertain("no answer"), ConnectionResetError("gone")], ids=["uncertain", "raised"])
async def test_an_uncertain_submit_is_not_repeated_unless_the_provider_says_so(
    start: StartEngine, answer: Uncertain | Exception
) -> None:
    provider = ScriptedProvider()
    provider.answers.append(answer)
    running = await start(provider)
    (message,) = await running.send()

    unknown = await running.until(message, Status.UNKNOWN)

    assert unknown.reason == Reason.UNCERTAIN
    assert provider.sent.qsize() == 1


async def test_an_uncertain_submit_is_repeated_where_the_provider_says_so(start: StartEngine) -> None:
    provider = ScriptedProvider(twice=True)
    provider.answers.append(Uncertain("no answer"))
    running = await start(provider)
    (message,) = await running.send()

    sent = await running.until(message, Status.SENT)

    assert sent.attempts == 2


async def test_while_it_is_handed_over_a_message_is_in_flight(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider)
    reached, answer = asyncio.Event(), asyncio.Event()

    async def hold(_message: Outgoing) -> None:
        reached.set()
        await answer.wait()

    provider.before_answering = hold
    (message,) = await running.send()
    await reached.wait()
    in_flight = await running.why(message)
    answer.set()
    await running.until(message, Status.SENT)
    with_provider = await running.why(message)
    await running.receipt(message, Status.DELIVERED)
    over = await running.why(message)

    assert (in_flight.why, with_provider.why, over.why) == (Waiting.IN_FLIGHT, Waiting.RECEIPT, Waiting.NOTHING)
    assert in_flight.until is not None
    assert in_flight.until > datetime.now(UTC)


async def test_a_paced_message_says_so(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider, lines={"scripted": RouteRules(per_second=0.1)})
    messages = await running.send(*(f"+3361234567{digit}" for digit in range(6)))
    await running.until(messages[0], Status.SENT)

    waits = [await running.why(message) for message in messages]

    assert [wait.why for wait in waits] == [Waiting.RECEIPT] + [Waiting.PACED] * 5
    assert (await running.services.messages.get(running.account, messages[-1].id)).attempts == 0


async def test_a_failing_provider_is_left_alone_for_a_while(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider)
    for _ in range(FAILURES_TO_LEAVE):
        provider.answers.append(TryAgain(after_ms=3_600_000))
        (message,) = await running.send()
        await provider.sent.get()
        await _until_put_off(running, message)

    (held,) = await running.send()
    await _until_put_off(running, held)
    wait = await running.why(held)
    sent = await running.until(held, Status.SENT)

    assert wait.why is Waiting.OUT_OF_SERVICE
    assert sent.attempts == 1


async def _until_put_off(running: Running, message: Message) -> None:
    """Returns once a message is due later than it was at first: at once."""
    with running.engine.notifier.listen(message.id) as subscription:
        while True:
            now = await running.services.messages.get(running.account, message.id)
            if now.due_at > now.created_at:
                return
            assert await subscription.wait(HANG_S)


async def test_stopping_waits_for_what_is_in_flight(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider)
    reached, answer = asyncio.Event(), asyncio.Event()

    async def hold(_message: Outgoing) -> None:
        reached.set()
        await answer.wait()

    provider.before_answering = hold
    (message,) = await running.send()
    await reached.wait()
    stopping = asyncio.create_task(running.engine.stop())
    answer.set()
    await stopping

    stored = await running.services.messages.get(running.account, message.id)

    assert stored.status is Status.SENT


async def test_what_a_dead_worker_held_is_sent_by_another(start: StartEngine, emptied_url: str) -> None:
    if not emptied_url:
        pytest.skip("an embedded store has one process; tests/durability kills it")
    stuck, helper = ScriptedProvider(twice=True), ScriptedProvider(twice=True)
    first = await start(stuck, lease_s=1)
    reached = asyncio.Event()

    async def never(_message: Outgoing) -> None:
        reached.set()
        await asyncio.Event().wait()

    stuck.before_answering = never
    (message,) = await first.send()
    await reached.wait()
    for task in asyncio.all_tasks():
        if task.get_name() in {"send", "leases", "dispatcher"}:
            task.cancel()

    second = await start(helper, lease_s=1)
    sent = await second.until(message, Status.SENT)

    assert (sent.attempts, helper.sent.qsize()) == (2, 1)


async def test_two_workers_never_send_the_same_message(start: StartEngine, emptied_url: str) -> None:
    if not emptied_url:
        pytest.skip("an embedded store has one process")
    providers = [ScriptedProvider(), ScriptedProvider()]
    first, _ = [await start(provider) for provider in providers]
    messages = await first.send(*(f"+336{n:08d}" for n in range(900)))
    for message in messages:
        await first.until(message, Status.SENT)

    assert sum(provider.sent.qsize() for provider in providers) == 900


async def test_taken_messages_of_unequal_fate_in_one_chunk(start: StartEngine) -> None:
    provider = ScriptedProvider()
    provider.answers.extend([Accepted("A"), Refused(Reason.PROVIDER_REFUSED), Accepted("C")])
    running = await start(provider)
    messages = await running.send("+33612345670", "+33612345671", "+33612345672")

    ended = [await running.until(message, Status.SENT, Status.REJECTED) for message in messages]

    assert [(one.status, one.provider_ref) for one in ended] == [
        (Status.SENT, "A"),
        (Status.REJECTED, None),
        (Status.SENT, "C"),
    ]


async def test_whoever_waits_is_told_when_the_process_stops(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    (message,) = await running.send(send_in=LATER)
    waiting = asyncio.create_task(
        running.services.messages.wait_until_settled(running.account, message.id, timeout_s=HANG_S)
    )
    with running.engine.notifier.listen(message.id):
        running.engine.notifier.close()

        with pytest.raises(ShuttingDown):
            await waiting
