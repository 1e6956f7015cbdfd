"""What is left of large changes whose account is closed in the middle of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace as with_
from sqlalchemy import func, select

from heliograph.domain.accounts import Account
from heliograph.domain.batches import Batch, ReportWish
from heliograph.domain.caps import Caps
from heliograph.domain.errors import AccountClosed
from heliograph.domain.groups import GroupDraft
from heliograph.domain.ids import new_id
from heliograph.domain.instants import now_ms
from heliograph.domain.prices import Tariff
from heliograph.engine.plans import plans
from heliograph.store import Store
from heliograph.store.accounts import account_by_id, add_account
from heliograph.store.base import Lane
from heliograph.store.batches import accept, cancel, cancel_message, everyone_looked_up, quoted
from heliograph.store.checking import findings_in
from heliograph.store.closing import cancel_some, close_accounts, stop_work
from heliograph.store.events import claim_events
from heliograph.store.groups import add_group
from heliograph.store.ledger import balance_of, set_balance
from heliograph.store.replacing import changeable, replace
from heliograph.store.rewriting import expand, members_of_due
from heliograph.store.schema import messages, works
from heliograph.store.works import Holder, Lost, Work, carry_out

from .conftest import ACCOUNT, MakeBatch

PRICE = 1_000
TARIFF = Tariff(channels={"sms": {"default": PRICE}})
BALANCE = 100 * PRICE
LATER = timedelta(hours=1)
NUMBERS = [f"336{place:08d}" for place in range(9)]
OTHERS = NUMBERS[3:7] + [f"337{place:08d}" for place in range(4)]
ALIVE = Holder("alive", now_ms() + 3_600_000)
URL = "https://example.com/ended"

Begin = Callable[[Store, MakeBatch, ReportWish], Awaitable[Work]]


async def stored(store: Store, batch: MakeBatch, report: ReportWish, **fields: object) -> Batch:
    new = batch(*NUMBERS, report=report, callback_url=URL)
    made = with_(new.batch, send_at=new.batch.send_at + LATER, **fields)
    await store.write_item(accept, with_(new, batch=made, tariff=TARIFF), Lane.ACCEPT)
    return made


async def making(store: Store, batch: MakeBatch, report: ReportWish) -> Work:
    new = batch(*NUMBERS, report=report, callback_url=URL)
    ready = quoted(new.batch, *await store.read(everyone_looked_up, new.batch), TARIFF)
    accepted = await store.write_item(accept, with_(new, ready=ready, holder=ALIVE), Lane.ACCEPT)
    assert accepted.work is not None
    return accepted.work


async def expanding(store: Store, batch: MakeBatch, report: ReportWish) -> Work:
    group = new_id()
    await store.write(add_group, ACCOUNT, group, GroupDraft(members=OTHERS), now_ms())
    made = await stored(store, batch, report, groups=[group], expand_at=batch().batch.send_at)
    found = await store.read(members_of_due, ACCOUNT, made.id)
    assert found is not None
    fresh = quoted(found.batch, found.msisdns, found.silent, TARIFF)
    expanded = await store.write(expand, fresh, Caps(), now_ms(), ALIVE)
    assert expanded is not None
    assert expanded.work is not None
    return expanded.work


async def replacing(store: Store, batch: MakeBatch, report: ReportWish) -> Work:
    made = await stored(store, batch, ReportWish.NONE if report is ReportWish.FULL else ReportWish.FULL)
    before = await store.read(changeable, ACCOUNT, made.id)
    assert before is not None
    after = with_(before, recipients=OTHERS, recipient_count=len(OTHERS), body="x" * 161, report=report)
    decided = await store.write(replace, before, quoted(after, OTHERS, set(), TARIFF), now_ms(), None, ALIVE)
    assert decided is not None
    assert decided.work is not None
    return decided.work


async def canceling(store: Store, batch: MakeBatch, report: ReportWish) -> Work:
    made = await stored(store, batch, report)
    canceled = await store.write(cancel, ACCOUNT, made.id, now_ms(), ALIVE)
    assert canceled is not None
    assert canceled.work is not None
    return canceled.work


async def close(store: Store) -> None:
    await store.write(close_accounts, [ACCOUNT], now_ms())
    while await store.write(stop_work, [ACCOUNT], now_ms()):
        pass
    while await store.write(cancel_some, [ACCOUNT], now_ms()):
        pass


@pytest.fixture
async def account(store: Store, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account with some money, to which two messages are many."""
    for name in ("store.replacing.AT_ONCE", "store.batches.AT_ONCE", "engine.plans.AT_ONCE"):
        monkeypatch.setattr(f"heliograph.{name}", 2)
    for name in ("store.rewriting.MADE_AT_ONCE", "store.batches.MADE_AT_ONCE"):
        monkeypatch.setattr(f"heliograph.{name}", 2)
    made = Account(id=ACCOUNT, name="Acme", callback_secret="secret", created_at=MakeBatch()().batch.created_at)
    await store.write(add_account, made)
    await store.write(set_balance, ACCOUNT, BALANCE, now_ms())
    return made


@pytest.mark.parametrize("begin", [making, expanding, replacing, canceling])
@pytest.mark.parametrize("report", [ReportWish.FULL, ReportWish.NONE])
@pytest.mark.parametrize("done", [0, 3, 5])
async def test_nothing_is_left_of_a_change_that_its_account_is_closed_in(
    store: Store, batch: MakeBatch, account: Account, begin: Begin, report: ReportWish, done: int
) -> None:
    work = await begin(store, batch, report)
    slices = await plans(lambda: TARIFF)[work.kind](store, work)
    for part in slices[:done]:
        await store.write(carry_out, work, part, ALIVE.lease_until)

    await close(store)

    for part in slices[done:]:
        with pytest.raises(Lost):
            await store.write(carry_out, work, part, ALIVE.lease_until)
    rows = await store.read(lambda tx: tx.rows(select(messages.c.status, messages.c.price)))
    assert Counter((status, price) for status, price in rows).keys() <= {("canceled", 0)}
    assert await store.read(lambda tx: tx.value(select(func.count()).select_from(works))) == 0
    assert await store.read(balance_of, ACCOUNT) == BALANCE
    assert await store.read(findings_in) == []
    told = await store.write(claim_events, limit=100, now_ms=now_ms() + 1, lease_until=now_ms() + 60_000)
    assert [event.subject_id for event in told] == ([work.id] if report is ReportWish.FULL else [])


async def test_a_large_change_of_an_account_that_was_closed_while_it_was_made_up_is_refused(
    store: Store, batch: MakeBatch, account: Account
) -> None:
    made = await stored(store, batch, ReportWish.NONE)
    before = await store.read(changeable, ACCOUNT, made.id)
    assert before is not None
    await store.write(close_accounts, [ACCOUNT], now_ms())

    with pytest.raises(AccountClosed):
        await making(store, batch, ReportWish.NONE)
    with pytest.raises(AccountClosed):
        await store.write(replace, before, quoted(before, OTHERS, set(), TARIFF), now_ms(), None, ALIVE)

    assert (await store.read(account_by_id, ACCOUNT)) is not None
    assert await store.read(balance_of, ACCOUNT) == BALANCE - len(NUMBERS) * PRICE


async def test_a_message_is_canceled_while_its_batch_gets_contents_without_an_end_that_is_told(
    store: Store, batch: MakeBatch, account: Account
) -> None:
    await replacing(store, batch, ReportWish.NONE)
    one = await store.read(lambda tx: tx.value(select(messages.c.id).limit(1)))

    assert await store.write(cancel_message, ACCOUNT, one, now_ms())
