"""What somebody who looks after an account should know of: what has stopped, fails, or is about to run out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from heliograph.domain.accounts import Account
from heliograph.domain.batches import Batch, PauseReason
from heliograph.domain.filters import BatchFilter
from heliograph.domain.instants import from_ms, now_ms
from heliograph.engine.engine import Engine
from heliograph.store.batches import list_batches
from heliograph.store.events import failing_receivers

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
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._store = engine.store

    async def paused_by_themselves(self, account: Account) -> Sequence[Batch]:
        """List the newest batches that paused because too much of them failed."""
        found = await self._store.read(list_batches, account.id, BatchFilter(), limit=LOOKED_AT)
        return [each for each in found.items if each.paused and each.pause_reason == PauseReason.FAILURES]

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
