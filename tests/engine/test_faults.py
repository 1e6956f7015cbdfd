"""Mistakes of ours while messages are sent: nothing is lost for them, and nothing that was not written is unknown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from heliograph.domain import retries
from heliograph.domain.errors import StoreUnavailable
from heliograph.domain.messages import Message
from heliograph.domain.routes import Rule
from heliograph.domain.statuses import Reason, Status
from heliograph.engine import preparing
from heliograph.engine.contract import Accepted, Fault
from heliograph.engine.preparing import Preparation

from .conftest import Running, ScriptedProvider, StartEngine, ref

NUMBERS = ("+33612345678", "+33612345679", "+33612345670")
FAULT = Fault(detail="UnicodeEncodeError: no")


class Failing:
    """Does what it stands for, but for the first call that is about one of these numbers."""

    def __init__(self, does: Any, error: Exception, *msisdns: str) -> None:
        self._does = does
        self._error = error
        self._left = set(msisdns)

    def __call__(self, preparation: Preparation, message: Any, now_ms: int) -> Any:
        if message.msisdn in self._left:
            self._left.discard(message.msisdn)
            raise self._error
        return self._does(preparation, message, now_ms)

    def __get__(self, instance: Any, owner: Any) -> Any:
        return lambda message, now_ms: self(instance, message, now_ms)


async def sent(running: Running, *messages: Message) -> list[Message]:
    return [await running.until(message, Status.SENT) for message in messages]


async def test_a_message_that_can_not_be_prepared_is_tried_again_and_the_others_go_out(
    start: StartEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Failing(Preparation.prepare, RuntimeError("oh"), NUMBERS[1][1:])
    monkeypatch.setattr(Preparation, "prepare", failing)
    running = await start(ScriptedProvider())

    found = await sent(running, *await running.send(*NUMBERS))

    assert [message.attempts for message in found] == [1, 2, 1]


async def test_what_can_not_be_prepared_before_its_validity_ends_fails_and_says_that_we_did(
    start: StartEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Preparation, "prepare", Failing(Preparation.prepare, RuntimeError("oh"), NUMBERS[0][1:]))
    monkeypatch.setattr(retries, "FIRST_DELAY_MS", 120_000)
    provider = ScriptedProvider()
    running = await start(provider)
    (message,) = await running.send(NUMBERS[0], expire_in=timedelta(seconds=60))

    failed = await running.until(message, Status.FAILED)

    assert (failed.reason, failed.detail) == (Reason.INTERNAL, "RuntimeError: oh")
    assert provider.sent.empty()


async def test_a_batch_whose_parameters_can_not_be_read_waits_and_the_others_go_out(
    start: StartEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, errors = preparing.parameters_of, [StoreUnavailable()]

    def unreadable_once(*arguments: Any) -> Any:
        if errors:
            raise errors.pop()
        return real(*arguments)

    monkeypatch.setattr(preparing, "parameters_of", unreadable_once)
    running = await start(ScriptedProvider())
    (message,) = await running.send(NUMBERS[0], text="Hello ${name}", parameters={"name": {"default": "Ann"}})

    (found,) = await sent(running, message)

    assert found.attempts == 2


async def test_what_could_not_be_said_to_a_provider_is_tried_again(start: StartEngine) -> None:
    provider = ScriptedProvider()
    provider.answers.append(FAULT)
    running = await start(provider)

    (found,) = await sent(running, *await running.send())

    assert found.attempts == 2
    assert running.engine.router.routes["scripted"].health.factor == 1.0


async def test_what_could_not_be_said_to_one_provider_goes_by_the_next(start: StartEngine) -> None:
    one, other = ScriptedProvider(), ScriptedProvider(name="second")
    one.answers.append(FAULT)
    running = await start(one, more=[other], rules=[Rule(providers=["scripted", "second"])])

    (found,) = await sent(running, *await running.send())

    assert found.provider == "second"


async def test_what_can_not_be_said_until_its_validity_ends_fails_and_says_that_we_did(start: StartEngine) -> None:
    provider = ScriptedProvider()
    provider.answers.append(msgspec.structs.replace(FAULT, after_ms=120_000))
    running = await start(provider)
    (message,) = await running.send(expire_in=timedelta(seconds=60))

    failed = await running.until(message, Status.FAILED)

    assert (failed.reason, failed.detail) == (Reason.INTERNAL, FAULT.detail)


async def test_an_outcome_that_can_not_be_recorded_costs_the_others_nothing(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider)
    wrong: Any = Accepted(4711)  # type: ignore[arg-type]
    provider.answers.extend([Accepted(ref("1")), wrong, Accepted(ref("3"))])

    first, second, third = await running.send(*NUMBERS)

    assert (await running.until(first, Status.SENT)).provider_ref == ref("1")
    assert (await running.until(third, Status.SENT)).provider_ref == ref("3")
    assert (await running.until(second, Status.UNKNOWN)).reason == Reason.UNCERTAIN
