"""Prices, balances and the ledger: what is accepted is paid for, once, and what is not sent is given back."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select
from tests.expanding import expand_due

from heliograph.domain.batches import Batch
from heliograph.domain.errors import InsufficientCredit
from heliograph.domain.filters import MessageFilter
from heliograph.domain.groups import GroupDraft
from heliograph.domain.ids import new_id
from heliograph.domain.instants import now_ms
from heliograph.domain.ledger import EntryKind
from heliograph.domain.life import Change
from heliograph.domain.optouts import OptOutSource
from heliograph.domain.prices import Tariff
from heliograph.domain.statuses import Reason, Status
from heliograph.store import Store
from heliograph.store.base import Lane
from heliograph.store.batches import Accepted, NewBatch, accept, cancel, priced
from heliograph.store.changes import apply_changes
from heliograph.store.groups import add_group
from heliograph.store.ledger import balance_of, entries_of, set_balance
from heliograph.store.messages import messages_of
from heliograph.store.optouts import add_optouts
from heliograph.store.rewriting import rewrite
from heliograph.store.schema import ledger
from heliograph.store.tx import Tx

from .conftest import ACCOUNT, OTHER, MakeBatch

TARIFF = Tariff(channels={"sms": {"FR": 50_000, "DE": 70_000}})
FRENCH = [f"3361234{n:04}" for n in range(100)]
GERMAN, BRITISH = "4915112345678", "447400123456"


def priced_batch(batch: MakeBatch, *numbers: str, account: str = ACCOUNT, **fields: Any) -> NewBatch:
    made = batch(*numbers, account_id=account, **fields)
    return msgspec.structs.replace(made, tariff=TARIFF)


async def put(store: Store, new: NewBatch) -> Accepted:
    accepted: Accepted = await store.write_item(accept, new, Lane.ACCEPT)
    return accepted


async def balance(store: Store, amount: int, account: str = ACCOUNT) -> None:
    await store.write(set_balance, account, amount, now_ms())


def sum_of_entries(tx: Tx, account_id: str) -> int:
    return int(tx.value(select(func.coalesce(func.sum(ledger.c.amount), 0)).where(ledger.c.account_id == account_id)))


async def check(store: Store, expected: int, account: str = ACCOUNT) -> None:
    """The balance is this, and so says the ledger."""
    assert await store.read(balance_of, account) == expected
    assert await store.read(sum_of_entries, account) == expected


async def test_a_batch_is_charged_what_was_estimated_and_the_rest_stays(store: Store, batch: MakeBatch) -> None:
    await balance(store, 1_000_000)
    await store.write(add_optouts, ACCOUNT, [FRENCH[1]], OptOutSource.API, 1)
    new = priced_batch(batch, FRENCH[0], FRENCH[1], GERMAN, BRITISH, body="x" * 161)
    (estimate,) = await store.read(priced, [(new.batch, new.batch.recipients, TARIFF)])

    accepted = await put(store, new)

    assert [quote.price for quote in estimate.quotes] == [100_000, 0, 140_000, 0]
    assert (accepted.messages, accepted.refused, accepted.charged) == (4, 2, estimate.bill.amount)
    await check(store, 1_000_000 - 240_000)
    found = await store.read(messages_of, ACCOUNT, MessageFilter(batch_id=new.batch.id), limit=9)
    assert {each.msisdn: each.reason for each in found} == {
        FRENCH[0]: None,
        FRENCH[1]: Reason.OPTED_OUT,
        GERMAN: None,
        BRITISH: Reason.NO_COVERAGE,
    }


async def test_what_is_not_covered_leaves_nothing_behind(store: Store, batch: MakeBatch) -> None:
    await balance(store, 149_999)
    new = priced_batch(batch, *FRENCH[:3], key="again")

    for _ in range(2):  # the key of what was refused is free
        with pytest.raises(InsufficientCredit):
            await put(store, new)

    await check(store, 149_999)
    assert await store.read(messages_of, ACCOUNT, MessageFilter(batch_id=new.batch.id), limit=9) == []
    await put(store, priced_batch(batch, *FRENCH[:2], key="again"))
    await check(store, 49_999)


async def test_an_account_without_a_balance_is_not_billed(store: Store, batch: MakeBatch) -> None:
    await put(store, priced_batch(batch, *FRENCH[:3], account=OTHER))
    assert await store.read(balance_of, OTHER) is None
    assert await store.read(entries_of, OTHER, limit=9) == []


async def test_many_writers_together_spend_the_balance_and_no_more(store: Store, batch: MakeBatch) -> None:
    """200 requests of which 60 are covered, sent at once: alone, and several in one commit."""
    await balance(store, 60 * 100_000 + 99_999)
    news = [priced_batch(batch, *FRENCH[n % 98 : n % 98 + 2]) for n in range(200)]

    async def one(new: NewBatch, alone: bool) -> bool:
        try:
            if not alone:
                await put(store, new)
                return True
            (answer,) = await store.write(accept, [new])
        except InsufficientCredit:
            return False
        return isinstance(answer, Accepted)

    outcomes = Counter(await asyncio.gather(*(one(new, n % 2 == 0) for n, new in enumerate(news))))

    assert outcomes == {True: 60, False: 140}
    await check(store, 99_999)


@pytest.mark.parametrize(
    ("path", "returned"),
    [
        ([Status.FAILED], True),
        ([Status.EXPIRED], True),
        ([Status.SENDING, Status.REJECTED], True),
        ([Status.SENDING, Status.SENT, Status.DELIVERED], False),
        ([Status.SENDING, Status.SENT, Status.FAILED], False),
        ([Status.SENT, Status.EXPIRED], False),
    ],
    ids=str,
)
async def test_what_was_not_sent_is_given_back_once(
    store: Store, batch: MakeBatch, path: list[Status], returned: bool
) -> None:
    await balance(store, 200_000)
    new = priced_batch(batch, *FRENCH[:2])
    await put(store, new)
    await check(store, 100_000)
    first, _ = sorted(each.id for each in await store.read(messages_of, ACCOUNT, MessageFilter(), limit=9))

    for status in [*path, path[-1]]:
        await store.write(apply_changes, [Change(first, status)], now_ms())

    await check(store, 150_000 if returned else 100_000)


async def test_canceling_gives_back_what_waits(store: Store, batch: MakeBatch) -> None:
    await balance(store, 200_000)
    new = priced_batch(batch, *FRENCH[:3])
    await put(store, new)

    await store.write(cancel, ACCOUNT, new.batch.id, now_ms())

    await check(store, 200_000)
    newest_first = await store.read(entries_of, ACCOUNT, limit=9)
    assert [(entry.kind, entry.amount, entry.batch_id) for entry in newest_first] == [
        (EntryKind.RETURN, 150_000, new.batch.id),
        (EntryKind.CHARGE, -150_000, new.batch.id),
        (EntryKind.SET, 200_000, None),
    ]
    assert await store.read(entries_of, ACCOUNT, limit=1, before=newest_first[1].id) == [newest_first[2]]


async def test_changing_a_batch_settles_the_difference(store: Store, batch: MakeBatch) -> None:
    await balance(store, 200_000)
    made = priced_batch(batch, *FRENCH[:2]).batch
    await put(store, NewBatch(made, tariff=TARIFF))

    def to(*numbers: str, body: str = "Hello") -> Any:
        return lambda before: msgspec.structs.replace(before, recipients=numbers, body=body)

    await store.write(rewrite, ACCOUNT, made.id, to(*FRENCH[1:5]), now_ms(), TARIFF)
    await check(store, 0)
    with pytest.raises(InsufficientCredit):
        await store.write(rewrite, ACCOUNT, made.id, to(*FRENCH[1:5], body="x" * 161), now_ms(), TARIFF)
    await check(store, 0)
    await store.write(rewrite, ACCOUNT, made.id, to(FRENCH[4], body="x" * 161), now_ms(), TARIFF)
    await check(store, 100_000)
    await store.write(cancel, ACCOUNT, made.id, now_ms())
    await check(store, 200_000)


@pytest.mark.parametrize(("covered", "left"), [(True, 0), (False, 99_999)])
async def test_members_of_groups_are_charged_when_they_are_looked_up(
    store: Store, batch: MakeBatch, covered: bool, left: int
) -> None:
    await balance(store, 100_000 if covered else 99_999)
    group = new_id()
    await store.write(add_group, ACCOUNT, group, GroupDraft(members=FRENCH[:2]), 1)
    made = priced_batch(batch, recipients=[], groups=[group]).batch
    scheduled: Batch = msgspec.structs.replace(made, recipients=[], expand_at=made.send_at)
    accepted = await put(store, NewBatch(scheduled, tariff=TARIFF))
    assert (accepted.messages, accepted.charged) == (0, 0)

    await expand_due(store, now_ms() + 1, TARIFF)

    found = await store.read(messages_of, ACCOUNT, MessageFilter(batch_id=made.id), limit=9)
    expected = (Status.QUEUED, None) if covered else (Status.REJECTED, Reason.INSUFFICIENT_CREDIT)
    assert [(each.status, each.reason) for each in found] == [expected] * 2
    await check(store, left)
