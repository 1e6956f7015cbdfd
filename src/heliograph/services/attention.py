"""What somebody who looks after an account should know of: what has stopped, fails, or is about to run out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from heliograph.domain.accounts import Account
from heliograph.domain.batches import Batch, PauseReason
from heliograph.domain.filters import BatchFilter, MessageFilter
from heliograph.domain.instants import from_ms, now_ms
from heliograph.engine.engine import Engine
from heliograph.services.audit import who_acts
from heliograph.services.batches import may_release
from heliograph.services.history import History
from heliograph.services.verify import Verify
from heliograph.store.batches import list_batches
from heliograph.store.events import failing_receivers
from heliograph.store.ledger import balance_of

COUNTED_FOR_S = 15.0
"""For how long it is not counted anew how much needs attention: every page shows it."""
MOST_COUNTED = 1_000
LOOKED_AT = 200
"""How many batches are looked at for those that paused by themselves: the newest."""


class Failing(NamedTuple):
    """A place that callbacks don't reach."""

    place: str
    """The host, or clients that are connected."""
    events: int
    """How many wait there."""
    since: datetime


class Attention:
    def __init__(self, engine: Engine, history: History, verify: Verify) -> None:
        self._engine = engine
        self._store = engine.store
        self._history = history
        self._verify = verify
        self._counted: dict[tuple[str, str], tuple[float, int]] = {}
        """How much of an account needed somebody's attention, and until when that is good enough, by the monotonic
        clock."""

    async def count_lately(self, account: Account, *, everywhere: bool) -> int:
        """Count what needs the attention of whoever acts for an account, as of some seconds ago.

        `everywhere`: of the installation's providers, too, as of now.
        """
        now, asked = time.monotonic(), (account.id, who_acts().id)
        until, count = self._counted.get(asked, (0.0, 0))
        if until <= now:
            is_low = await self.balance_low(account) is not None
            paused, failing = await self.paused_by_themselves(account), await self.failing_callbacks(account)
            guarded, held = await self._verify.guarded(account), await self.waiting_for_release(account)
            count = is_low + len(paused) + len(failing) + len(guarded) + len(held)
            if len(self._counted) >= MOST_COUNTED:
                self._counted.clear()
            self._counted[asked] = now + COUNTED_FOR_S, count
        return count + (len(self.out_of_service()) + len(self.paused_providers()) if everywhere else 0)

    async def balance_low(self, account: Account) -> int | None:
        """Return the balance, in millionths, if it is less than what the last day cost; None if it will do."""
        balance = await self._store.read(balance_of, account.id)
        if balance is None:
            return None
        yesterday = from_ms(now_ms()) - timedelta(days=1)
        spent = (await self._history.sums(account, MessageFilter(since=yesterday))).price
        return balance if balance < spent else None

    async def paused_by_themselves(self, account: Account) -> Sequence[Batch]:
        """List the newest batches that paused because too much of them failed."""
        found = await self._store.read(list_batches, account.id, BatchFilter(), limit=LOOKED_AT)
        return [each for each in found.items if each.paused and each.pause_reason == PauseReason.FAILURES]

    async def waiting_for_release(self, account: Account) -> Sequence[Batch]:
        """List the newest batches that whoever acts may let go, since another person has made them."""
        found = await self._store.read(list_batches, account.id, BatchFilter(), limit=LOOKED_AT)
        held = [each for each in found.items if each.paused and each.pause_reason == PauseReason.RELEASE]
        return [each for each in held if not each.canceled and may_release(each)]

    async def failing_callbacks(self, account: Account) -> Sequence[Failing]:
        """List the places that events wait for because telling them has failed."""
        found = await self._store.read(failing_receivers, account.id)
        return [Failing(each.receiver.partition(" ")[2], each.count, from_ms(each.created_at)) for each in found]

    def out_of_service(self) -> Sequence[tuple[str, datetime]]:
        """List the providers that are left alone because they fail, and until when. Spans accounts."""
        now = now_ms()
        untils = {each.name: each.out_of_service_until_ms for each in self._engine.router.routes.values()}
        return [(name, from_ms(until)) for name, until in untils.items() if until > now]

    def paused_providers(self) -> Sequence[str]:
        """List the providers that somebody has paused. Spans accounts."""
        return [each.name for each in self._engine.router.routes.values() if each.is_paused]
