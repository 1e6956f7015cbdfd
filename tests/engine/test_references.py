"""Receipts that speak of a message by another name than the one under which its provider took it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from heliograph.domain.messages import Message
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Status
from heliograph.engine.contract import Accepted, Outgoing
from heliograph.store.references import forget_keys
from heliograph.store.schema import early_receipts, ref_keys
from heliograph.store.tx import Tx

from .conftest import Running, ScriptedProvider, StartEngine
from .test_receipts import counted, kept_receipts

FIRST, SECOND = "33612345670", "33612345671"


def told(ref: str, *keys: str, number: str | None = None, **fields: Any) -> Receipt:
    numbers = () if number is None else (number, "36111")
    return Receipt("scripted", ref, Status.DELIVERED, ref_keys=keys, msisdns=numbers, **fields)


async def sent(start: StartEngine, *taken: Accepted) -> tuple[Running, list[Message]]:
    """Messages to FIRST, SECOND, ... as the provider has taken them."""
    provider = ScriptedProvider()
    provider.answers += taken
    running = await start(provider)
    messages = await running.send(*(f"+3361234567{place}" for place in range(len(taken))))
    return running, [await running.until(message, Status.SENT) for message in messages]


async def statuses(running: Running, messages: list[Message]) -> list[Status]:
    return [(await running.services.messages.get(running.account, message.id)).status for message in messages]


@pytest.mark.parametrize("number", [None, FIRST])
@pytest.mark.parametrize(("taken", "key"), [("00FF", "ff"), ("ff", "ff"), ("255", "255")])
async def test_trap_2_a_message_is_found_by_its_key(
    taken: str, key: str, number: str | None, start: StartEngine
) -> None:
    running, (message,) = await sent(start, Accepted(taken, ref_key=key))

    await running.engine.intake.receipts([told("otherwise", "9", key, number=number)])

    assert (await running.until(message, Status.DELIVERED)).provider_ref == taken
    assert counted(running, "parked") == 0


async def test_trap_3_the_number_says_which_of_several_is_meant(start: StartEngine) -> None:
    running, messages = await sent(start, Accepted("10", ref_key="10"), Accepted("16", ref_key="16"))

    # "10" is the first message's very name; in hexadecimal it is the second's.
    await running.engine.intake.receipts([told("10", "10", "16", number=SECOND)])
    assert await statuses(running, messages) == [Status.SENT, Status.DELIVERED]
    await running.engine.intake.receipts([told("10", "10", "16", number=FIRST)])
    assert await statuses(running, messages) == [Status.DELIVERED, Status.DELIVERED]


async def test_trap_2_the_very_name_comes_first(start: StartEngine) -> None:
    running, messages = await sent(start, Accepted("10", ref_key="10"), Accepted("16", ref_key="16"))

    await running.engine.intake.receipts([told("10", "10", "16")])

    assert await statuses(running, messages) == [Status.DELIVERED, Status.SENT]


async def test_trap_3_two_that_may_be_meant_are_kept_and_counted(start: StartEngine) -> None:
    running, messages = await sent(start, Accepted("0A", ref_key="a"), Accepted("16", ref_key="16"))

    await running.engine.intake.receipts([told("10", "10", "a", "16")])

    assert await statuses(running, messages) == [Status.SENT, Status.SENT]
    assert (counted(running, "ambiguous"), counted(running, "parked")) == (1, 1)


async def test_trap_3_a_key_of_another_number_means_nothing_here(start: StartEngine) -> None:
    running, messages = await sent(start, Accepted("00FF", ref_key="ff"))

    await running.engine.intake.receipts([told("255", "255", "ff", number="33699999999")])

    assert await statuses(running, messages) == [Status.SENT]
    assert counted(running, "parked") == 1


async def test_trap_11_a_second_name_is_looked_up_where_the_first_means_nothing(start: StartEngine) -> None:
    running, messages = await sent(start, Accepted("one"), Accepted("two"))

    await running.engine.intake.receipts([told("neither", other_refs=("two",)), told("one", other_refs=("two",))])

    assert await statuses(running, messages) == [Status.DELIVERED, Status.DELIVERED]
    assert (counted(running, "applied"), counted(running, "ambiguous")) == (2, 0)


async def test_another_providers_key_is_not_ours(start: StartEngine) -> None:
    running, messages = await sent(start, Accepted("00FF", ref_key="ff"))
    theirs = Receipt("somebody else", "255", Status.DELIVERED, ref_keys=("255", "ff"))

    await running.engine.intake.receipts([theirs])

    assert await statuses(running, messages) == [Status.SENT]


@pytest.mark.parametrize("number", [None, FIRST])
async def test_trap_4_an_early_receipt_waits_under_all_of_its_names(number: str | None, start: StartEngine) -> None:
    provider = ScriptedProvider()
    provider.answers.append(Accepted("00FF", ref_key="ff"))
    running = await start(provider)

    async def report_first(_: Outgoing) -> None:
        await running.engine.intake.receipts([told("255", "255", "ff", number=number)])

    provider.before_answering = report_first
    (message,) = await running.send(f"+{FIRST}")
    delivered = await running.until(message, Status.DELIVERED)

    assert delivered.provider_ref == "00FF"
    assert counted(running, "parked") == 1
    assert await running.engine.store.read(kept_receipts) == 0


async def test_trap_4_an_early_receipt_about_another_number_waits_on(start: StartEngine) -> None:
    provider = ScriptedProvider()
    provider.answers += [Accepted("255", ref_key="255"), Accepted("00FF", ref_key="ff")]
    running = await start(provider)
    reported = False

    async def report_first(_: Outgoing) -> None:
        nonlocal reported
        if not reported:
            reported = True
            await running.engine.intake.receipts([told("00ff", "ff", "255", number=SECOND)])

    provider.before_answering = report_first
    (first,) = await running.send(f"+{FIRST}")
    await running.until(first, Status.SENT)
    (second,) = await running.send(f"+{SECOND}")

    await running.until(second, Status.DELIVERED)
    assert await statuses(running, [first]) == [Status.SENT]
    assert await running.engine.store.read(kept_receipts) == 0


async def test_keys_are_forgotten_after_a_while(start: StartEngine) -> None:
    def kept(tx: Tx) -> int:
        return int(tx.value(select(func.count()).select_from(ref_keys)))

    running, messages = await sent(start, Accepted("00FF", ref_key="ff"), Accepted("fe", ref_key="fe"))
    assert await running.engine.store.read(kept) == 1  # the other is its own key

    await running.engine.store.write(forget_keys, 2**50)
    await running.engine.intake.receipts([told("255", "ff")])

    assert await running.engine.store.read(kept) == 0
    assert await statuses(running, messages) == [Status.SENT, Status.SENT]


async def test_what_is_no_column_is_cut(start: StartEngine) -> None:
    running, _ = await sent(start, Accepted("00FF", ref_key="ff"))
    odd = "x\0" * 5_000

    await running.engine.intake.receipts([told(odd, odd, "ff\0", number=odd, other_refs=(odd,))])

    def longest(tx: Tx) -> int:
        return int(tx.value(select(func.max(func.length(early_receipts.c.provider_ref)))))

    assert await running.engine.store.read(longest) <= 255
