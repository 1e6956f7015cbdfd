"""STOP, START and HELP: what they mean in which language, what is answered, and that the answer goes out."""

from __future__ import annotations

import asyncio

import pytest
from tests.patience import HANG_S

from heliograph.domain.batches import BodyKind
from heliograph.domain.optouts import (
    HELP_WORDS,
    START_WORDS,
    STOP_WORDS,
    Consent,
    ConsentWords,
    bare_word,
    consent_in,
)
from heliograph.domain.prices import Tariff
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import InboundArrival
from heliograph.services.profile import ProfileChange

from .conftest import Running, ScriptedProvider, StartEngine

PHONE = "33612345678"
WORDS = ConsentWords(
    stop=["FINITO"],
    help=["Wer"],
    stop_answer="You will hear no more of us. ${really}",
    start_answer="Welcome back.",
    help_answer="We are Acme.",
)


@pytest.mark.parametrize(
    ("text", "consent"),
    [
        ("STOP", Consent.WITHDRAWN),
        ("  Stop!", Consent.WITHDRAWN),
        ("arrêt", Consent.WITHDRAWN),
        ("Стоп", Consent.WITHDRAWN),
        ("退订", Consent.WITHDRAWN),
        ("please stop", Consent.NOT_ABOUT_IT),
        ("start", Consent.GIVEN),
        ("Hilfe", Consent.EXPLANATION_WANTED),
        ("help", Consent.EXPLANATION_WANTED),
        ("hello", Consent.NOT_ABOUT_IT),
        ("finito", Consent.NOT_ABOUT_IT),
    ],
)
def test_what_a_text_says_about_consent(text: str, consent: Consent) -> None:
    assert consent_in(text) is consent


def test_an_account_s_own_words_come_first() -> None:
    assert consent_in("Finito.", WORDS) is Consent.WITHDRAWN
    assert consent_in("wer?", WORDS) is Consent.EXPLANATION_WANTED
    assert consent_in("stop", ConsentWords(help=["STOP"])) is Consent.EXPLANATION_WANTED


def test_every_word_is_written_as_it_is_compared() -> None:
    words = STOP_WORDS | START_WORDS | HELP_WORDS

    assert {word for word in words if bare_word(word) != word} == set()
    assert not STOP_WORDS & START_WORDS
    assert not (STOP_WORDS | START_WORDS) & HELP_WORDS


async def handle_webhook(running: Running, text: str, ref: str) -> None:
    arrival = InboundArrival(
        msisdn=PHONE, to="36111", kind=BodyKind.TEXT, body=text, provider_ref=ref, account_id=running.account.id
    )
    await running.engine.intake.inbound("scripted", arrival)


async def test_each_is_answered_and_the_confirmation_of_a_stop_goes_out(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider)
    await running.services.profile.change(running.account, ProfileChange(words=WORDS))
    answers = []

    for place, text in enumerate(("HELP", "finito", "START", "hello")):
        await handle_webhook(running, text, str(place))
        if text != "hello":
            answers.append(await asyncio.wait_for(provider.sent.get(), HANG_S))
        if text == "finito":
            refused, _ = await running.send(f"+{PHONE}", "+33612345679")
            assert refused.reason == Reason.OPTED_OUT
            await asyncio.wait_for(provider.sent.get(), HANG_S)

    assert [answer.body for answer in answers] == [WORDS.help_answer, WORDS.stop_answer, WORDS.start_answer]
    assert {(answer.msisdn, answer.originator) for answer in answers} == {(PHONE, "36111")}
    assert provider.sent.empty()


async def test_a_stop_that_is_repeated_is_confirmed_once(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider)
    await running.services.profile.change(running.account, ProfileChange(words=WORDS))

    await handle_webhook(running, "STOP", "1")
    await handle_webhook(running, "STOP", "1")  # the same message, told again
    await handle_webhook(running, "STOP", "2")
    await handle_webhook(running, "HELP", "3")
    first, second = [await asyncio.wait_for(provider.sent.get(), HANG_S) for _ in range(2)]

    assert (first.body, second.body) == (WORDS.stop_answer, WORDS.help_answer)


async def test_without_an_answer_of_the_account_s_nothing_is_said(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider)

    await handle_webhook(running, "STOP", "1")
    (other,) = await running.send("+33612345679")
    await running.until(other, Status.SENT)

    assert provider.sent.qsize() == 1
    assert await running.services.optouts.among(running.account, [PHONE]) == {PHONE}


async def test_a_stop_counts_although_nobody_can_pay_for_the_answer(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider, tariff=Tariff(channels={"sms": {"default": 50_000}}))
    await running.services.profile.change(running.account, ProfileChange(words=WORDS))
    await running.services.money.set_balance(running.account, 10)

    await handle_webhook(running, "STOP", "1")

    assert await running.services.optouts.among(running.account, [PHONE]) == {PHONE}
    assert provider.sent.empty()
