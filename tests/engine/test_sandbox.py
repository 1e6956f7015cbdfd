"""The sandbox operator: its test numbers, its chaos, its phones."""

from __future__ import annotations

import pytest
from tests.patience import HANG_S

from heliograph.domain.errors import NotFound, WaitTimedOut
from heliograph.domain.optouts import Consent, consent_in
from heliograph.domain.statuses import Reason, Status
from heliograph.sandbox.chaos import Chaos
from heliograph.sandbox.operator import SandboxOperator
from heliograph.sandbox.outcomes import TEST_NUMBERS, Outcome, outcome_for
from heliograph.sandbox.phones import code_in

from .conftest import StartEngine

QUICK = 0.01


@pytest.mark.parametrize(
    ("number", "status", "reason", "shown"),
    [
        ("+33612345678", Status.DELIVERED, None, True),
        ("+99900001", Status.DELIVERED, None, True),
        ("+99910001", Status.FAILED, Reason.UNDELIVERED, True),
        ("+99920001", Status.REJECTED, Reason.PROVIDER_REFUSED, False),
        ("+99930001", Status.EXPIRED, Reason.EXPIRED_IN_NETWORK, True),
    ],
)
async def test_each_test_number_has_its_outcome(
    start: StartEngine, number: str, status: Status, reason: Reason | None, shown: bool
) -> None:
    running = await start()
    (message,) = await running.send(number)

    ended = await running.until(message, Status.DELIVERED, Status.FAILED, Status.REJECTED, Status.EXPIRED)
    on_phone = await running.phones.conversation(running.account, number)

    assert (ended.status, ended.reason) == (status, reason)
    assert bool(on_phone) is shown


def test_test_numbers_are_the_sandboxes_own_and_all_are_told() -> None:
    assert {outcome for outcome, _ in TEST_NUMBERS.values()} == set(Outcome)
    assert outcome_for("99910001") is Outcome.FAILED
    assert outcome_for("33612345678") is Outcome.DELIVERED


async def test_a_phone_that_answers_stop_is_not_written_to_again(start: StartEngine) -> None:
    running = await start()
    (first,) = await running.send("+99960001")
    await running.until(first, Status.DELIVERED)
    with running.engine.notifier.listen(f"inbound:{running.account.id}") as subscription:
        assert await subscription.wait(HANG_S)

    (second,) = await running.send("+99960001")

    assert (second.status, second.reason) == (Status.REJECTED, Reason.OPTED_OUT)


async def test_a_phone_can_take_its_stop_back(start: StartEngine) -> None:
    running = await start()
    (first,) = await running.send("+33612345678")
    await running.until(first, Status.DELIVERED)
    await running.phones.reply(running.account, "+33612345678", "Acme", "Stop!")
    (refused,) = await running.send("+33612345678")
    await running.phones.reply(running.account, "+33612345678", "Acme", "start")

    (again,) = await running.send("+33612345678")

    assert (refused.status, again.status) != (Status.QUEUED, Status.REJECTED)
    assert refused.status is Status.REJECTED


async def test_a_silent_number_shows_the_message_and_reports_nothing(start: StartEngine) -> None:
    running = await start()
    (message,) = await running.send("+99950001")
    shown = await running.phones.wait_for_message(running.account, "+99950001", timeout_s=HANG_S)

    with pytest.raises(WaitTimedOut):
        await running.services.messages.wait_until_settled(running.account, message.id, 0.6)

    assert shown.message_id == message.id


@pytest.mark.parametrize(
    ("chaos", "ends", "received"),
    [
        (Chaos(doubled=1, delivery_delay_s=QUICK), Status.DELIVERED, 1),
        (Chaos(early=1), Status.DELIVERED, 1),
        (Chaos(disordered=1, delivery_delay_s=QUICK), Status.DELIVERED, 1),
        (Chaos(late=1, late_s=0.2, delivery_delay_s=QUICK), Status.DELIVERED, 1),
        (Chaos(lost=1), Status.SENT, 0),
        (Chaos(refused=1), Status.QUEUED, 0),
    ],
    ids=["doubled", "early", "disordered", "late", "lost", "refused"],
)
async def test_chaos_does_what_it_says(start: StartEngine, chaos: Chaos, ends: Status, received: int) -> None:
    running = await start()
    await running.phones.set_chaos(chaos)
    (message,) = await running.send()
    if ends is Status.QUEUED:
        with running.engine.notifier.listen(message.id) as subscription:
            while (await running.services.messages.get(running.account, message.id)).provider_code is None:
                assert await subscription.wait(HANG_S)
    ended = await running.until(message, ends)
    if chaos.disordered or chaos.doubled:  # what follows the first receipt has to come to nothing
        while running.engine.metrics.registry.get_sample_value("heliograph_receipts_total", {"fate": "repeated"}) != 1:
            with running.engine.notifier.listen("never") as subscription:
                await subscription.wait(0.02)

    assert (await running.services.messages.get(running.account, message.id)).status is ends
    assert (await running.phones.received(running.account))[0] == received
    assert ended.provider_code == ("SBX-BUSY" if chaos.refused else None)


async def test_submits_that_time_out_are_repeated_and_phones_may_get_them_twice(start: StartEngine) -> None:
    running = await start()
    await running.phones.set_chaos(Chaos(timing_out=1, delivery_delay_s=QUICK))
    messages = await running.send(*(f"+336{n:08d}" for n in range(40)))
    with running.engine.notifier.listen(messages[-1].id) as subscription:
        while (await running.services.messages.get(running.account, messages[-1].id)).detail is None:
            assert await subscription.wait(HANG_S)
    await running.phones.set_chaos(Chaos(delivery_delay_s=QUICK))
    for message in messages:
        await running.until(message, Status.DELIVERED)

    received, repeated = await running.phones.received(running.account)

    assert received - repeated == 40
    assert 0 < repeated < 40


async def test_chaos_outlives_a_restart(start: StartEngine) -> None:
    running = await start()
    await running.phones.set_chaos(Chaos(lost=0.25))
    store = running.engine.store

    reopened = SandboxOperator(store, running.engine.notifier.tell)
    await reopened.start(running.engine.intake)
    await reopened.stop()

    assert reopened.chaos == Chaos(lost=0.25)


async def test_receipts_that_a_stopped_operator_still_owes_come_after_its_restart(start: StartEngine) -> None:
    running = await start()
    await running.phones.set_chaos(Chaos(delivery_delay_s=3_000))
    (message,) = await running.send()
    await running.until(message, Status.SENT)
    await running.phones.set_chaos(Chaos(delivery_delay_s=QUICK))
    assert isinstance(running.provider, SandboxOperator)
    await running.provider.stop()

    await running.provider.start(running.engine.intake)
    await running.provider.take_over()

    assert (await running.until(message, Status.DELIVERED)).settled_at is not None


async def test_a_reply_to_a_name_that_never_wrote_is_refused_for_the_operator(start: StartEngine) -> None:
    def ownerless(store: object, notifier: object) -> SandboxOperator:
        return SandboxOperator(store, notifier.tell)  # type: ignore[arg-type,attr-defined]

    running = await start(ownerless)
    from heliograph.sandbox.phones import Phones
    from heliograph.services.waits import Waits

    assert isinstance(running.provider, SandboxOperator)
    phones = Phones(running.engine, running.provider, Waits())
    with pytest.raises(NotFound):
        await phones.reply(None, "+33612345678", "Nobody", "Hello?")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Your code is 482913.", "482913"),
        ("G-482913 is your code", None),
        ("482 913 is your code", "482913"),
        ("482-913", "482913"),
        ("Code: 1234", "1234"),
        ("Call +33612345678", None),
        ("On 2026/11/20 at 12:30", None),
        ("Pay 1234.56 now", None),
        ("123", None),
        ("123456789", None),
        ("use 9876 or 1234", "9876"),
        ("no digits", None),
    ],
)
def test_which_digits_are_a_code(text: str, code: str | None) -> None:
    assert code_in(text) == code


@pytest.mark.parametrize(
    ("text", "consent"),
    [
        ("STOP", Consent.WITHDRAWN),
        (" stop. ", Consent.WITHDRAWN),
        ("Arret", Consent.WITHDRAWN),
        ("START", Consent.GIVEN),
        ("please stop", Consent.NOT_ABOUT_IT),
        ("nonstop", Consent.NOT_ABOUT_IT),
        ("", Consent.NOT_ABOUT_IT),
    ],
)
def test_what_a_text_says_about_consent(text: str, consent: Consent) -> None:
    assert consent_in(text) is consent
