"""Which provider a message goes by, which it goes by next, and what is known of each attempt."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import structlog
from tests.patience import HANG_S

from heliograph.domain.attempts import AttemptOutcome
from heliograph.domain.messages import Waiting
from heliograph.domain.routes import Rule
from heliograph.domain.statuses import Reason, Status
from heliograph.engine import holding
from heliograph.engine.contract import Accepted, Refused, TryAgain, Uncertain
from heliograph.engine.health import WINDOW
from heliograph.engine.routes import FAILURES_TO_LEAVE, RouteRules

from .conftest import Running, ScriptedProvider, StartEngine

if TYPE_CHECKING:
    from heliograph.domain.messages import Message

FIRST_THEN_SECOND = [Rule(providers=["scripted", "second"])]


async def two(
    start: StartEngine, *rules: Rule, first: RouteRules | None = None
) -> tuple[Running, ScriptedProvider, ScriptedProvider]:
    one, other = ScriptedProvider(), ScriptedProvider(name="second")
    lines = {} if first is None else {"scripted": first}
    running = await start(one, more=[other], rules=rules or FIRST_THEN_SECOND, lines=lines)
    return running, one, other


async def fail(running: Running, provider: ScriptedProvider) -> None:
    """The provider fails as often in a row as it takes to be left alone."""
    provider.answers.extend([TryAgain(after_ms=120_000, detail="down")] * FAILURES_TO_LEAVE)
    for number in range(FAILURES_TO_LEAVE):
        await running.send(f"+3369900000{number}", expire_in=timedelta(seconds=60))
        await asyncio.wait_for(provider.sent.get(), HANG_S)


async def outcomes(running: Running, message: Message) -> list[tuple[str, str, str | None]]:
    found = await running.services.messages.attempts(running.account, message.id)
    return [(each.provider, each.outcome.value, each.provider_code) for each in found]


async def test_the_first_rule_that_matches_says_which_provider(start: StartEngine) -> None:
    running, _one, _other = await two(
        start, Rule(country=["DE"], providers=["second"]), Rule(prefix=["336"], providers=["scripted"])
    )
    german, french, british = await running.send("+4915123456789", "+33612345678", "+447400123456")

    ways = {(await running.until(message, Status.SENT)).provider: message.msisdn for message in (german, french)}
    by_default = await running.until(british, Status.SENT)

    assert ways == {"second": "4915123456789", "scripted": "33612345678"}
    assert by_default.provider == "scripted"


async def test_what_one_provider_refuses_another_takes_as_the_same_message(start: StartEngine) -> None:
    running, one, _other = await two(start)
    one.answers.append(Refused(Reason.PROVIDER_REFUSED, "21408", "Not there"))
    (message,) = await running.send()

    sent = await running.until(message, Status.SENT)
    await other_receipt(running, message, "second", Status.DELIVERED)
    delivered = await running.until(message, Status.DELIVERED)

    assert (sent.provider, delivered.id) == ("second", message.id)
    assert await outcomes(running, message) == [
        ("scripted", AttemptOutcome.REFUSED, "21408"),
        ("second", AttemptOutcome.TAKEN, None),
    ]


async def test_a_refusal_that_is_about_the_recipient_is_final(start: StartEngine) -> None:
    running, one, other = await two(start)
    one.answers.append(Refused(Reason.UNKNOWN_SUBSCRIBER, "27"))
    (message,) = await running.send()

    refused = await running.until(message, Status.REJECTED)

    assert refused.provider == "scripted"
    assert other.sent.empty()
    assert await outcomes(running, message) == [("scripted", AttemptOutcome.REFUSED, "27")]


@pytest.mark.parametrize(("code", "then"), [("30003", "second"), ("30005", "scripted")])
async def test_a_refusal_goes_on_by_its_code_where_codes_are_listed(start: StartEngine, code: str, then: str) -> None:
    running, one, _ = await two(start, first=RouteRules(failover_refusals=["3000[1-4]"]))
    one.answers.append(Refused(Reason.PROVIDER_REFUSED, code))
    (message,) = await running.send()

    ended = await running.until(message, Status.SENT, Status.REJECTED)

    assert ended.provider == then


async def test_the_last_provider_that_refuses_has_the_last_word(start: StartEngine) -> None:
    running, one, other = await two(start)
    one.answers.append(Refused(Reason.PROVIDER_REFUSED, "1"))
    other.answers.append(Refused(Reason.PROVIDER_REFUSED, "2", "Nor here"))
    (message,) = await running.send()

    refused = await running.until(message, Status.REJECTED)

    assert (refused.provider, refused.provider_code, refused.detail) == ("second", "2", "Nor here")
    assert [provider for provider, _, _ in await outcomes(running, message)] == ["scripted", "second"]


async def test_a_failed_receipt_goes_on_by_its_code(start: StartEngine) -> None:
    running, one, other = await two(start, first=RouteRules(failover_receipts=["30003"]))
    message, final = await running.send("+33612345678", "+33612345679")
    for each in (message, final):
        await running.until(each, Status.SENT)

    await running.receipt(message, Status.FAILED, reason=Reason.UNDELIVERED, provider_code="30003")
    await running.receipt(final, Status.FAILED, reason=Reason.UNDELIVERED, provider_code="30005")
    again = await asyncio.wait_for(other.sent.get(), HANG_S)
    await running.until(final, Status.FAILED)

    async def by_second() -> Message | None:
        now = await running.services.messages.get(running.account, message.id)
        return now if now.provider == "second" and now.status is Status.SENT else None

    await running.once(message.id, by_second)
    assert again.message_id == message.id
    assert await outcomes(running, message) == [
        ("scripted", AttemptOutcome.FAILED, "30003"),
        ("second", AttemptOutcome.TAKEN, None),
    ]
    assert one.sent.qsize() == 2


async def test_what_the_first_provider_still_says_can_only_be_that_it_was_delivered(start: StartEngine) -> None:
    running, _, other = await two(start, first=RouteRules(failover_receipts=["*"]))
    message, unlucky = await running.send("+33612345678", "+33612345679")
    for each in (message, unlucky):
        await running.until(each, Status.SENT)
        await running.receipt(each, Status.FAILED, reason=Reason.UNDELIVERED)
        await asyncio.wait_for(other.sent.get(), HANG_S)

    await running.receipt(unlucky, Status.FAILED, reason=Reason.UNDELIVERED)  # repeated
    await running.receipt(message, Status.DELIVERED)
    delivered = await running.until(message, Status.DELIVERED)
    still = await running.until(unlucky, Status.SENT)

    assert delivered.provider == "second"
    assert still.provider == "second"


async def test_a_provider_out_of_service_is_left_alone_and_comes_back(start: StartEngine) -> None:
    running, one, other = await two(start)
    await fail(running, one)
    (first,) = await running.send("+33612345679")

    await running.until(first, Status.SENT)
    line = running.engine.router.routes["scripted"]

    async def back() -> bool | None:
        (message,) = await running.send("+33612345670")
        sent = await running.until(message, Status.SENT)
        return sent.provider == "scripted" or None

    await running.once("none", back)
    assert not other.sent.empty()
    assert line.out_of_service_until_ms > 0
    assert await outcomes(running, first) == [("second", AttemptOutcome.TAKEN, None)]


async def test_nothing_is_sent_by_another_after_an_uncertain_time_out(start: StartEngine) -> None:
    running, one, other = await two(start)
    one.answers.append(Uncertain("no answer"))
    (message,) = await running.send()

    await running.until(message, Status.UNKNOWN)

    assert other.sent.empty()


async def test_an_operator_may_decide_that_it_is_sent_again(start: StartEngine) -> None:
    running, one, _ = await two(start, first=RouteRules(resend_uncertain=True))
    one.answers.append(Uncertain("no answer"))
    (message,) = await running.send()

    await running.until(message, Status.SENT)

    assert one.sent.qsize() == 2


async def test_weights_are_kept(start: StartEngine) -> None:
    running, _one, _other = await two(start, Rule(weights={"scripted": 3, "second": 1}))
    sent = await running.send(*(f"+336123{number:05d}" for number in range(400)))

    found = Counter([(await running.until(message, Status.SENT)).provider for message in sent])

    assert 40 < found["second"] < 170  # 100 is expected: four deviations are 35 on either side


async def test_the_cheapest_for_the_country_is_first(start: StartEngine) -> None:
    rule = Rule(providers=["scripted", "second"], cheapest=True)
    one, other = ScriptedProvider(), ScriptedProvider(name="second")
    running = await start(
        one,
        more=[other],
        rules=[rule],
        lines={
            "scripted": RouteRules(costs={"FR": 0.04, "default": 0.05}),
            "second": RouteRules(costs={"FR": 0.05, "default": 0.01}),
        },
    )
    french, german = await running.send("+33612345678", "+4915123456789")

    assert (await running.until(french, Status.SENT)).provider == "scripted"
    assert (await running.until(german, Status.SENT)).provider == "second"


async def test_weights_follow_health_away_and_back(start: StartEngine) -> None:
    running, _one, _ = await two(start, Rule(weights={"scripted": 1, "second": 1}, follow_health=True))
    health = running.engine.router.routes["scripted"].health
    sent = await running.send(*(f"+336123{number:05d}" for number in range(6 * WINDOW)))
    for message in sent:
        await running.until(message, Status.SENT)
    assert health.factor == 1.0

    ours = [
        message
        for message in sent
        if (await running.services.messages.get(running.account, message.id)).provider == "scripted"
    ]
    for message in ours[: 2 * WINDOW]:
        await running.receipt(message, Status.FAILED, reason=Reason.UNDELIVERED)
    worse = health.factor
    for _ in range(6 * WINDOW):
        health.note(failed=0, took_s=[1.0])

    assert worse < 1.0
    assert health.factor == 1.0


async def test_slow_receipts_move_traffic_away_and_say_so() -> None:
    from heliograph.engine.health import Health

    health = Health("slow", slow_after_s=60)
    health.is_followed = True
    with structlog.testing.capture_logs() as log:
        for _ in range(WINDOW):
            health.note(failed=0, took_s=[61])

    assert health.factor == 0.5
    assert [(line["event"], line["provider"], line["reason"]) for line in log] == [
        ("traffic moved", "slow", f"half of the last {WINDOW} receipts took longer than 61 s")
    ]


async def test_a_line_that_is_full_holds_up_no_other(start: StartEngine) -> None:
    """A provider that does not answer has its own messages waiting, and nobody else's."""
    hanging = asyncio.Event()

    async def hang(_: object) -> None:
        await hanging.wait()

    one, other = ScriptedProvider(), ScriptedProvider(name="second")
    one.before_answering = hang
    running = await start(one, more=[other], rules=[Rule(country=["DE"], providers=["second"])])
    numbers = [f"+3361{number:07d}" for number in range(6_000)]
    draft = await running.send(*numbers)
    (urgent,) = await running.send("+4915123456789")

    sent = await running.until(urgent, Status.SENT)
    hanging.set()

    assert sent.provider == "second"
    assert len(draft) == 1_000  # a page of them; the others are there as well


async def other_receipt(running: Running, message: Message, provider: str, status: Status) -> None:
    from heliograph.domain.receipts import Receipt

    from .conftest import ref

    await running.engine.intake.receipts([Receipt(provider, ref(message.id), status)])


async def test_messages_of_a_line_out_of_service_leave_it_for_another(start: StartEngine) -> None:
    running, one, other = await two(start, first=RouteRules(per_second=2))
    one.answers.extend([TryAgain(detail="down")] * FAILURES_TO_LEAVE)
    sent = await running.send(*(f"+336123{number:05d}" for number in range(40)))

    for message in sent[10:]:
        await running.until(message, Status.SENT)

    assert other.sent.qsize() >= 30  # at two a second they would have taken more than fifteen seconds


async def test_a_taken_message_says_so(start: StartEngine) -> None:
    running, one, _ = await two(start)
    one.answers.extend([TryAgain(after_ms=10, code="429"), Accepted("x")])
    (message,) = await running.send()
    await running.until(message, Status.SENT)

    assert await outcomes(running, message) == [
        ("scripted", AttemptOutcome.PUT_OFF, "429"),
        ("scripted", AttemptOutcome.TAKEN, None),
    ]
    assert message.why_queued is None


async def test_numbers_are_asked_about_where_the_settings_say() -> None:
    from heliograph.engine.routes import Route
    from heliograph.engine.routing import Router, Routing

    class Knowing(ScriptedProvider):
        looks_up = True

    knowing, ignorant = Route(Knowing(name="knowing")), Route(ScriptedProvider())

    by_default = Router(Routing([knowing, ignorant], "scripted")).asked_about("33612345678")
    elsewhere = Router(Routing([knowing, ignorant], "scripted", lookups="knowing")).asked_about("33612345678")

    assert by_default is None
    assert elsewhere is knowing


async def test_a_provider_that_puts_off_until_the_end_is_not_the_last(start: StartEngine) -> None:
    """Its wish is to be asked after the message has expired: the other one is asked at once."""
    running, one, _ = await two(start)
    one.answers.append(TryAgain(after_ms=3_600_000, code="busy"))
    (message,) = await running.send(expire_in=timedelta(minutes=5))

    sent = await running.until(message, Status.SENT)

    assert sent.provider == "second"
    assert await outcomes(running, message) == [
        ("scripted", AttemptOutcome.PUT_OFF, "busy"),
        ("second", AttemptOutcome.TAKEN, None),
    ]


async def test_while_it_is_tried_again_only_what_is_over_is_listed(start: StartEngine) -> None:
    running, one, _ = await two(start)
    one.answers.append(TryAgain(after_ms=60_000, code="busy"))
    (message,) = await running.send()

    async def put_off() -> list[tuple[str, str, str | None]] | None:
        return await outcomes(running, message) or None

    assert await running.once(message.id, put_off) == [("scripted", AttemptOutcome.PUT_OFF, "busy")]


async def test_the_metrics_say_how_providers_are_doing(start: StartEngine) -> None:
    from prometheus_client import generate_latest

    running, one, _ = await two(start)
    before = generate_latest(running.engine.metrics.registry).decode()
    await fail(running, one)

    def out() -> bool:
        shown = generate_latest(running.engine.metrics.registry).decode()
        return 'heliograph_provider_in_service{provider="scripted"} 0.0' in shown

    async def out_of_service() -> bool | None:
        return out() or None

    await running.once("none", out_of_service)

    assert 'heliograph_provider_in_service{provider="scripted"} 1.0' in before
    assert 'heliograph_provider_share{provider="second"} 1.0' in before


async def test_what_was_redacted_while_a_provider_had_it_goes_to_no_other(start: StartEngine) -> None:
    running, _, other = await two(start, first=RouteRules(failover_receipts=["*"]))
    (message,) = await running.send(text="A secret")
    await running.until(message, Status.SENT)

    await running.services.messages.redact(running.account, message.id)
    await running.receipt(message, Status.FAILED, reason=Reason.UNDELIVERED)
    failed = await running.until(message, Status.FAILED)

    assert failed.text == ""
    assert other.sent.empty()


async def test_nothing_goes_by_a_provider_that_is_paused_until_it_is_resumed(
    start: StartEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "EXPIRED_EVERY_S", 0.0)
    running, first, other = await two(start)
    providers = running.services.provider_admin

    assert await providers.pause("scripted", "vera")
    (elsewhere,) = await running.send("+33612345670")
    await running.until(elsewhere, Status.SENT)
    assert (first.sent.qsize(), other.sent.qsize()) == (0, 1)

    await providers.pause("second", "vera")
    waits, over = await running.send("+33612345671"), await running.send("+33612345672", expire_in=timedelta(seconds=2))
    await running.once(waits[0].id, lambda: _why(running, waits[0], Waiting.PROVIDER_PAUSED))
    standing = {each.name: each for each in await providers.standings()}
    assert {name: each.paused.by for name, each in standing.items() if each.paused} == {
        "scripted": "vera",
        "second": "vera",
    }
    assert (await running.until(over[0], Status.EXPIRED)).reason == Reason.EXPIRED_BEFORE_SENDING
    assert (first.sent.qsize(), other.sent.qsize()) == (0, 1)

    # It waited for the first, which is still paused, and goes by the one that is not.
    await providers.resume("second")
    await running.until(waits[0], Status.SENT)
    assert (first.sent.qsize(), other.sent.qsize()) == (0, 2)


async def _why(running: Running, message: Message, why: Waiting) -> bool | None:
    return True if (await running.why(message)).why is why else None
