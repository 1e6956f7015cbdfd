"""What can't be paid for is kept, and becomes one batch once there is money, whoever asks and however often."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from heliograph.domain.batches import Draft
from heliograph.domain.errors import InvalidOriginator, NotFound
from heliograph.domain.filters import MessageFilter
from heliograph.domain.instants import now_ms
from heliograph.domain.parking import Parked
from heliograph.domain.prices import Tariff
from heliograph.domain.statuses import Status
from heliograph.services.history import Campaign
from heliograph.store.ledger import balance_of, set_balance

from .conftest import Running, ScriptedProvider, StartEngine

TARIFF = Tariff(channels={"sms": {"FR": 50_000}})


def draft(*numbers: str, protocol: str = "door", originator: str = "Acme") -> Draft:
    to = numbers or ["+33612345678"]
    return Draft(protocol=protocol, to=to, originator=originator, text="Hello", title="Spring")


async def poor(start: StartEngine) -> Running:
    running = await start(ScriptedProvider(), tariff=TARIFF)
    await pay(running, 0)
    return running


async def pay(running: Running, amount: int) -> None:
    await running.engine.store.write(set_balance, running.account.id, amount, now_ms())


def identifiers(found: Sequence[Campaign | Parked]) -> list[str]:
    return [each.id if isinstance(each, Parked) else each.batch.id for each in found]


async def test_with_money_it_is_a_batch_at_once(start: StartEngine) -> None:
    running = await poor(start)
    await pay(running, 50_000)

    made = await running.services.parking.create(running.account, draft())

    assert isinstance(made, Campaign)
    assert made.sums.count == 1


async def test_without_money_it_waits_as_it_was_asked_for(start: StartEngine) -> None:
    running = await poor(start)
    parking, wanted = running.services.parking, draft()

    made = await parking.create(running.account, wanted)
    again = await parking.retry(running.account, made.id if isinstance(made, Parked) else "")

    assert isinstance(made, Parked)
    assert (made, again) == (await parking.get(running.account, made.id), made)
    assert (list(made.draft.to), made.draft.title) == (list(wanted.to), "Spring")
    assert await running.services.messages.page(running.account, MessageFilter(), limit=5) == []


async def test_who_tries_at_once_makes_one_batch_that_is_paid_once(start: StartEngine) -> None:
    running = await poor(start)
    parking = running.services.parking
    made = await parking.create(running.account, draft())
    assert isinstance(made, Parked)
    await pay(running, 200_000)

    tried = await asyncio.gather(*(parking.retry(running.account, made.id) for _ in range(10)))

    assert {each.batch.id for each in tried if isinstance(each, Campaign)} == {made.id}
    assert len(tried) == 10
    assert await running.engine.store.read(balance_of, running.account.id) == 150_000
    (message,) = await running.services.messages.page(running.account, MessageFilter(batch_id=made.id), limit=5)
    await running.until(message, Status.SENT)


async def test_a_page_has_both_newest_first_and_no_other_doors(start: StartEngine) -> None:
    running = await poor(start)
    made: list[str] = []
    for place in range(6):
        await pay(running, 50_000 if place % 2 else 0)
        made += identifiers([await running.services.parking.create(running.account, draft())])
        await running.services.parking.create(running.account, draft(protocol="elsewhere"))

    whole = await running.services.parking.page(running.account, "door", skip=0, limit=100)
    middle = await running.services.parking.page(running.account, "door", skip=2, limit=3)

    assert identifiers(whole) == sorted(made, reverse=True)
    assert [isinstance(each, Parked) for each in whole].count(True) == 3
    assert identifiers(middle) == identifiers(whole)[2:5]


async def test_what_can_never_be_sent_is_not_kept(start: StartEngine) -> None:
    running = await poor(start)

    with pytest.raises(InvalidOriginator):
        await running.services.parking.create(running.account, draft(originator="Ac\tme"))

    assert await running.services.parking.page(running.account, "door", skip=0, limit=100) == []


async def test_nobody_elses_is_found(start: StartEngine) -> None:
    running = await poor(start)
    made = await running.services.parking.create(running.account, draft())
    other = await running.services.accounts.ensure("somebody else")

    assert isinstance(made, Parked)
    for ask in (running.services.parking.get, running.services.parking.retry):
        with pytest.raises(NotFound):
            await ask(other, made.id)
    assert await running.services.parking.page(other, "door", skip=0, limit=100) == []
