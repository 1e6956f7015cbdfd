"""Messages that may take several channels: which is tried when, what is paid, and what late news change."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from tests.protocols.listening import Listener

from heliograph.domain.batches import Options, ReportWish
from heliograph.domain.channels import Channel, Fallback
from heliograph.domain.messages import Message, Waiting
from heliograph.domain.prices import Tariff
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import Accepted, Outgoing, Refused, TryAgain, Uncertain
from heliograph.engine.routes import RouteRules

from .conftest import Answer, Running, ScriptedProvider, StartEngine

THEN_SMS = Options(
    channel=Channel.VIBER,
    fallbacks=[Fallback(channel=Channel.SMS, body="By SMS")],
    fall_back_after_s=3_600,
)
PRICES = Tariff(channels={"viber": {"default": 3}, "whatsapp": {"FR": 4}, "sms": {"default": 10}})


def provider(*answers: Answer) -> ScriptedProvider:
    made = ScriptedProvider()
    made.channels = frozenset(Channel)
    made.answers.extend(answers)
    return made


async def receipt(running: Running, ref: str, status: Status) -> None:
    await running.engine.intake.receipts([Receipt(running.provider.name, ref, status)])


async def sent_by(running: Running) -> Outgoing:
    assert isinstance(running.provider, ScriptedProvider)
    return await running.provider.sent.get()


async def one(running: Running, options: Options = THEN_SMS, **more: object) -> Message:
    (message,) = await running.send(text="By Viber", options=options, **more)  # type: ignore[arg-type]
    return message


async def test_what_one_channel_does_not_deliver_the_next_one_does(start: StartEngine) -> None:
    running = await start(provider(Accepted("v"), Accepted("s")))
    message = await one(running)
    first = await sent_by(running)
    await running.until(message, Status.SENT)

    await receipt(running, "v", Status.FAILED)
    second = await sent_by(running)
    await running.until(message, Status.SENT)
    await receipt(running, "s", Status.DELIVERED)
    delivered = await running.until(message, Status.DELIVERED)

    assert [(each.channel, each.body) for each in (first, second)] == [("viber", "By Viber"), ("sms", "By SMS")]
    assert (delivered.channel, delivered.provider_ref, delivered.reason) == ("sms", "s", None)


async def test_a_channel_that_delivers_is_the_last(start: StartEngine) -> None:
    running = await start(provider(Accepted("v")))
    message = await one(running)
    await running.until(message, Status.SENT)

    await receipt(running, "v", Status.DELIVERED)
    delivered = await running.until(message, Status.DELIVERED)

    assert (delivered.channel, delivered.leg) == ("viber", 0)


async def test_a_channel_has_its_time(start: StartEngine) -> None:
    running = await start(provider(Accepted("v"), Accepted("s")))
    message = await one(running, msgspec.structs.replace(THEN_SMS, fall_back_after_s=1))
    await sent_by(running)

    second = await sent_by(running)
    await running.until(message, Status.SENT)
    await receipt(running, "v", Status.DELIVERED)  # comes too late: the SMS is on its way
    still = await running.services.messages.get(running.account, message.id)
    await receipt(running, "s", Status.DELIVERED)

    assert second.channel == "sms"
    assert still.status is Status.SENT
    assert (await running.until(message, Status.DELIVERED)).channel == "sms"


@pytest.mark.parametrize(
    "answer", [Refused(Reason.PROVIDER_REFUSED), Refused(Reason.UNROUTABLE)], ids=["refused", "unroutable"]
)
async def test_a_channel_that_refuses_is_left_at_once(start: StartEngine, answer: Answer) -> None:
    running = await start(provider(answer, Accepted("s")))
    message = await one(running)

    await running.until(message, Status.SENT)

    assert (await running.services.messages.get(running.account, message.id)).channel == "sms"


async def test_a_passing_failure_is_no_reason_to_leave_a_channel(start: StartEngine) -> None:
    running = await start(provider(TryAgain(after_ms=10), Accepted("v")))
    message = await one(running)

    sent = await running.until(message, Status.SENT)

    assert (sent.channel, sent.attempts) == ("viber", 2)


async def test_a_message_that_may_have_gone_out_has_the_time_that_is_left(start: StartEngine) -> None:
    running = await start(provider(Uncertain("no answer"), Accepted("s")))
    message = await one(running, msgspec.structs.replace(THEN_SMS, fall_back_after_s=1))
    await sent_by(running)
    waits = await running.until(message, Status.SENT)

    second = await sent_by(running)

    assert (waits.channel, waits.provider_ref) == ("viber", None)
    assert second.channel == "sms"


async def test_the_last_channel_says_what_became_of_it(start: StartEngine) -> None:
    running = await start(provider(Refused(Reason.PROVIDER_REFUSED), Accepted("s")))
    message = await one(running)
    await running.until(message, Status.SENT)

    await receipt(running, "s", Status.FAILED)

    assert (await running.until(message, Status.FAILED)).channel == "sms"


async def test_who_opted_out_meanwhile_is_not_written_to_by_another_channel(start: StartEngine) -> None:
    running = await start(provider(Accepted("v")))
    message = await one(running)
    await running.until(message, Status.SENT)

    await running.services.optouts.add(running.account, "+33612345678")
    await receipt(running, "v", Status.FAILED)
    ended = await running.until(message, Status.REJECTED)

    assert (ended.reason, ended.channel) == (Reason.OPTED_OUT, "sms")


async def test_a_scheduled_message_is_canceled_as_any_other(start: StartEngine) -> None:
    running = await start(provider())
    message = await one(running, send_in=timedelta(hours=1))

    await running.services.messages.cancel(running.account, message.id)

    assert (await running.until(message, Status.CANCELED)).channel == "viber"


async def test_between_channels_a_message_says_why_it_waits(start: StartEngine) -> None:
    running = await start(provider(Accepted("v")), lines={"scripted": RouteRules(per_second=0.01)})
    message = await one(running)
    await running.until(message, Status.SENT)

    await receipt(running, "v", Status.FAILED)

    async def waits() -> Waiting | None:
        """Look past the moment at which it is claimed, before it is put back."""
        why = (await running.why(message)).why
        return why if why in {Waiting.FELL_BACK, Waiting.PACED} else None

    assert await running.once(message.id, waits)


async def test_a_customer_is_told_once_that_it_is_over(start: StartEngine, customer: Listener) -> None:
    running = await start(provider(Refused(Reason.PROVIDER_REFUSED), Accepted("s")))
    message = await one(running, report=ReportWish.SUMMARY, callback_url=customer.url)
    await running.until(message, Status.SENT)
    await receipt(running, "s", Status.DELIVERED)

    body = await running.once(message.id, lambda: _received(customer))

    assert body["type"] == "batch.settled"
    assert customer.received.empty()


async def _received(customer: Listener) -> dict[str, object] | None:
    return None if customer.received.empty() else customer.next()


async def paid(running: Running) -> int:
    left = await running.services.money.balance(running.account)
    assert left is not None
    return 1_000 - left


@pytest.mark.parametrize(
    ("answers", "receipts", "price"),
    [
        ([Accepted("v")], [("v", Status.DELIVERED)], 3),
        ([Accepted("v"), Accepted("s")], [("v", Status.FAILED), ("s", Status.DELIVERED)], 10),
        ([Accepted("v"), Accepted("s")], [("v", Status.FAILED), ("s", Status.FAILED)], 10),
        ([Refused(Reason.PROVIDER_REFUSED), Refused(Reason.PROVIDER_REFUSED)], [], 0),
    ],
    ids=["by the first", "by the second", "by neither", "never sent"],
)
async def test_what_is_paid_is_the_channel_that_it_ended_with(
    start: StartEngine, answers: list[Answer], receipts: list[tuple[str, Status]], price: int
) -> None:
    running = await start(provider(*answers), tariff=PRICES)
    await running.services.money.set_balance(running.account, 1_000)
    message = await one(running)
    reserved = -(await running.services.money.ledger(running.account, limit=10))[-2].amount

    for ref, status in receipts:
        await running.until(message, Status.SENT)
        await running.once(message.id, lambda ref=ref: _has(running, message, ref))  # type: ignore[misc]
        await receipt(running, ref, status)
    ended = await running.until(message, Status.DELIVERED, Status.FAILED, Status.REJECTED)
    entries = await running.services.money.ledger(running.account, limit=10)

    assert reserved == 10
    assert (ended.price, await paid(running)) == (price, price)
    assert sum(entry.amount for entry in entries) == 1_000 - price


async def _has(running: Running, message: Message, ref: str) -> Message | None:
    found = await running.services.messages.get(running.account, message.id)
    return found if found.provider_ref == ref else None


async def test_channels_without_a_price_for_a_country_are_left_out(start: StartEngine) -> None:
    running = await start(provider(), tariff=PRICES)
    options = Options(
        channel=Channel.WHATSAPP, fallbacks=[Fallback(channel=Channel.SMS, body="By SMS")], fall_back_after_s=3_600
    )

    french, german = await running.send("+33612345678", "+4915112345678", text="Hi", options=options)

    assert (french.channel, german.channel) == ("whatsapp", "sms")
    assert (french.price, german.price) == (10, 10)
