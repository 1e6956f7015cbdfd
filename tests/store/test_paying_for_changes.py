"""What is charged for a batch is what its messages cost, whatever is changed and whoever opts out and in again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random

import msgspec
import pytest
from sqlalchemy import select
from tests.conftest import empty
from tests.expanding import expand_due
from tests.patience import HANG_S

from heliograph.domain.batches import Batch
from heliograph.domain.errors import AlreadyDispatched, InsufficientCredit
from heliograph.domain.groups import GroupDraft
from heliograph.domain.ids import new_id
from heliograph.domain.instants import now_ms
from heliograph.domain.life import Change
from heliograph.domain.optouts import OptOutSource
from heliograph.domain.prices import Tariff
from heliograph.domain.statuses import Status
from heliograph.engine.plans import plans
from heliograph.engine.replacing import replaced
from heliograph.engine.works import Works
from heliograph.store import Store
from heliograph.store.base import Lane
from heliograph.store.batches import Accepted, accept, cancel, cancel_message
from heliograph.store.groups import add_group
from heliograph.store.ledger import balance_of, entries_of, set_balance
from heliograph.store.optouts import add_optouts, remove_optouts
from heliograph.store.queue import Claim, claim_due
from heliograph.store.receipts import Outcomes, record_outcomes
from heliograph.store.schema import messages
from heliograph.store.works import next_lapse_at

from .conftest import ACCOUNT, MakeBatch

PRICE = 1_000
TARIFF = Tariff(channels={"sms": {"FR": PRICE, "DE": 3 * PRICE}})
"""Nothing is sent to Great Britain."""
BALANCE = 60 * PRICE
LATER = timedelta(hours=1)
PLACES = ("3361234567", "4915123456", "4479111234")
NUMBERS = [f"{place}{last}" for place in PLACES for last in range(4)]
TEXTS = ("Hello", "x" * 161)
SEQUENCES = 6
STEPS = 14
NOT_PAID = {Status.REJECTED.value, Status.CANCELED.value}


class Somebody:
    """An account that sends to people who opt out and in again, and changes its mind."""

    def __init__(self, store: Store, batch: MakeBatch, seed: int) -> None:
        self.store = store
        self._batch = batch
        self._random = Random(seed)
        self._works = Works(store, plans(lambda: TARIFF), lambda: None)
        self._made: list[str] = []
        self.done: list[str] = []

    def _some(self) -> list[str]:
        return self._random.sample(NUMBERS, self._random.randint(1, 8))

    async def step(self) -> None:
        steps: list[Callable[[], Awaitable[None]]] = [self.make, self.opt_out, self.opt_in, self.change, self.change]
        steps += [self.cancel_one, self.cancel, self.expand, self.work]
        step = self._random.choice(steps) if self._made else self.make
        self.done.append(step.__name__)
        await step()

    async def make(self) -> None:
        new = self._batch(*self._some(), body=self._random.choice(TEXTS))
        due = new.batch.send_at + LATER
        groups, expand_at = [], None
        if self._random.random() < 0.4:
            groups, expand_at = [new_id()], due
            await self.store.write(add_group, ACCOUNT, groups[0], GroupDraft(members=self._some()), now_ms())
        made = msgspec.structs.replace(new.batch, send_at=due, groups=groups, expand_at=expand_at)
        answer = await self.store.write_item(
            accept, msgspec.structs.replace(new, batch=made, tariff=TARIFF), Lane.ACCEPT
        )
        if isinstance(answer, Accepted):
            self._made.append(answer.batch_id)

    async def opt_out(self) -> None:
        await self.store.write(add_optouts, ACCOUNT, self._some(), OptOutSource.API, now_ms())

    async def opt_in(self) -> None:
        for msisdn in self._some():
            await self.store.write(remove_optouts, ACCOUNT, [msisdn])

    async def change(self) -> None:
        wanted, text = self._some(), self._random.choice(TEXTS)

        def renew(before: Batch) -> Batch:
            to = wanted if self._random.random() < 0.5 else before.recipients
            return msgspec.structs.replace(
                before, modified_at=before.modified_at + LATER, recipients=to, recipient_count=len(to), body=text
            )

        try:
            await replaced(self.store, self._works, ACCOUNT, self._random.choice(self._made), renew, TARIFF, None)
        except (AlreadyDispatched, InsufficientCredit):
            self.done[-1] += " (refused)"

    async def cancel_one(self) -> None:
        ids = await self.store.read(lambda tx: tx.column(select(messages.c.id).order_by(messages.c.id)))
        await self.store.write(cancel_message, ACCOUNT, self._random.choice(ids), now_ms())

    async def cancel(self) -> None:
        one = self._random.choice(self._made)
        await self._works.decided(lambda tx, holder: cancel(tx, ACCOUNT, one, now_ms(), holder))

    async def expand(self) -> None:
        await expand_due(self.store, now_ms() + 2 * 3_600_000, TARIFF)
        async with asyncio.timeout(HANG_S):
            while await self.store.read(next_lapse_at) is not None:
                pass  # its messages are being stored

    async def work(self) -> None:
        """Claim a few, and send one, reject one, and put one back."""
        after = now_ms() + 2 * 3_600_000
        claim = Claim("w", 3, after, after + 60_000)
        taken = (await self.store.write_item(claim_due, claim, Lane.ENGINE)).messages
        ends = (Status.SENT, Status.REJECTED, Status.QUEUED)
        changes = [
            Change(one.id, end, due_at=after) if end is Status.QUEUED else Change(one.id, end)
            for one, end in zip(taken, ends, strict=False)
        ]
        await self.store.write_item(record_outcomes, Outcomes(changes, after), Lane.ENGINE)

    async def check(self) -> None:
        columns = (messages.c.msisdn, messages.c.status, messages.c.price, messages.c.parts)
        rows = await self.store.read(lambda tx: tx.rows(select(*columns)))
        entries = await self.store.read(entries_of, ACCOUNT, limit=1_000)
        balance = await self.store.read(balance_of, ACCOUNT)
        assert balance is not None
        assert BALANCE - balance == sum(price for *_, price, _ in rows), self.done
        assert balance == sum(entry.amount for entry in entries), self.done
        assert balance >= 0, self.done
        for msisdn, status, price, parts in rows:
            each = {"3": PRICE, "4": 3 * PRICE}[msisdn[0]]
            assert price == (0 if status in NOT_PAID else each * parts), (msisdn, status, price, self.done)


@pytest.mark.parametrize("how", ["at once", "in slices"])
async def test_the_ledger_is_the_sum_of_what_messages_cost_and_nobody_sends_for_nothing(
    store: Store, batch: MakeBatch, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "in slices":
        for name in ("engine.replacing.AT_ONCE", "store.replacing.AT_ONCE", "store.batches.AT_ONCE"):
            monkeypatch.setattr(f"heliograph.{name}", 2)
        monkeypatch.setattr("heliograph.store.rewriting.MADE_AT_ONCE", 2)
        monkeypatch.setattr("heliograph.store.batches.MADE_AT_ONCE", 2)
    for seed in range(SEQUENCES):
        await store.write(empty)
        await store.write(set_balance, ACCOUNT, BALANCE, now_ms())
        somebody = Somebody(store, batch, seed)
        for _ in range(STEPS):
            await somebody.step()
            await somebody.check()
