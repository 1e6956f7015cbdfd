"""Many batches of some size at once: each takes its turn, so that nobody else waits for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import func, select

from heliograph.domain.batches import Draft, ReportWish
from heliograph.domain.contacts import ContactDraft
from heliograph.domain.errors import Conflict, InsufficientCredit
from heliograph.domain.filters import BatchFilter
from heliograph.domain.groups import GroupDraft
from heliograph.domain.links import Tracked, new_token
from heliograph.domain.prices import MICROS, Tariff
from heliograph.engine import engine
from heliograph.services import history
from heliograph.services.batches import Created
from heliograph.store.base import AT_A_TIME, FEW
from heliograph.store.batches import Accepted, NewBatch, accept
from heliograph.store.schema import link_tokens
from heliograph.store.tx import Tx
from heliograph.store.works import MADE_AT_ONCE

from .conftest import ScriptedProvider, StartEngine

SOME = 2 * FEW
BATCHES = 12


async def test_few_batches_of_some_size_are_stored_in_one_transaction_and_small_ones_with_any_of_them(
    start: StartEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    together: list[list[int]] = []

    def noted(tx: Tx, news: Sequence[NewBatch]) -> list[Accepted | Exception]:
        together.append([len(new.batch.recipients) for new in news])
        return accept(tx, news)

    monkeypatch.setattr(engine, "accept", noted)
    running = await start(ScriptedProvider())
    later: dict[str, Any] = {"originator": "Acme", "text": "Hello", "report": ReportWish.NONE}

    async def send(place: int, count: int) -> None:
        to = [f"+336{place:02d}{number:06d}" for number in range(count)]
        await running.services.batches.create(running.account, Draft(protocol="v1", to=to, **later))

    await asyncio.gather(*(send(place, SOME) for place in range(BATCHES)), *(send(50 + few, 1) for few in range(5)))

    assert max(each.count(SOME) for each in together) <= AT_A_TIME
    made, count = await running.services.batches.page_and_count(running.account, BatchFilter(), limit=100, offset=0)
    assert (count, sum(batch.recipient_count for batch in made)) == (BATCHES + 5, BATCHES * SOME + 5)


async def test_whatever_writes_many_rows_takes_its_turn(start: StartEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    running = await start(ScriptedProvider())
    services, store, account = running.services, running.engine.store, running.account
    numbers = [f"+336{number:08d}" for number in range(SOME)]
    rows: list[int] = []
    in_turn = store.in_turn
    monkeypatch.setattr(store, "in_turn", lambda count: rows.append(count) or in_turn(count))

    group = await services.groups.create(account, GroupDraft(members=numbers))
    drafts = [ContactDraft(number=number) for number in numbers]
    await services.contacts.add(account, group, drafts, on_invalid=None)
    await services.optouts.add_many(account, numbers, region=None, on_invalid=None)

    assert rows == [SOME] * 3


@pytest.mark.parametrize("count", [MADE_AT_ONCE, 2 * MADE_AT_ONCE + 1])
async def test_links_of_a_batch_are_stored_with_it_or_not_at_all(start: StartEngine, count: int) -> None:
    """Few in its transaction, many before it in slices: whoever is refused, or asks again, leaves none behind."""
    running = await start(tariff=Tariff(channels={"sms": {"FR": MICROS}}))
    await running.services.account_admin.top_up(running.account, 3 * count * MICROS, None)
    store, phones = running.engine.store, [f"33612{number:06}" for number in range(count)]

    async def send(key: str, to: Sequence[str]) -> Created:
        request = f"{key} {to[0]}".encode()
        links = [Tracked("link", new_token(), msisdn) for msisdn in to]
        numbers = [f"+{msisdn}" for msisdn in to]
        draft = Draft(protocol="v1", to=numbers, text="Hello", links=links, idempotency_key=key, request=request)
        return await running.services.batches.create(running.account, draft)

    made = await send("first", phones)
    again = await send("first", phones)
    with pytest.raises(Conflict):
        await send("first", phones[1:])
    await send("second", phones)
    await running.services.account_admin.correct(running.account, -count * MICROS, "Spent elsewhere")
    with pytest.raises(InsufficientCredit):
        await send("third", phones)

    assert (made.repeated, again.repeated, again.batch.id) == (False, True, made.batch.id)
    stored = await store.read(tokens_by_batch)
    assert stored[made.batch.id] == count
    assert sorted(stored.values()) == [count, count]


def tokens_by_batch(tx: Tx) -> dict[str, int]:
    return tx.pairs(select(link_tokens.c.batch_id, func.count().label("count")).group_by(link_tokens.c.batch_id))


async def test_messages_of_a_batch_are_read_in_pages_in_the_order_of_its_recipients(
    start: StartEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "AT_ONCE", 3)
    running = await start()

    for count in (2, 3, 6, 7):
        to = [f"+33612{(number * 7_919) % 1_000_000:06}" for number in range(count)]
        made = await running.services.batches.create(running.account, Draft(protocol="v1", to=to, text="Hello"))
        found = await running.services.history.of_batch(running.account, made.batch.id)
        assert [f"+{each.message.msisdn}" for each in found] == to
