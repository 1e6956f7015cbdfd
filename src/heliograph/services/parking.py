"""Requests that are kept when they can't be paid for, and tried again when there is money."""

from __future__ import annotations

from heliograph.domain.accounts import Account
from heliograph.domain.batches import Batch, BodyKind, Draft
from heliograph.domain.errors import AlreadyDispatched, InsufficientCredit, NotFound
from heliograph.domain.ids import new_id
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.parking import Parked
from heliograph.engine.engine import Engine
from heliograph.services.batches import Batches
from heliograph.services.history import Campaign, campaigns_by_ids
from heliograph.store.indexing import learn_new
from heliograph.store.parking import newest_of_door, park, parked_by_ids, unpark
from heliograph.store.tx import Tx


class Parking:
    def __init__(self, engine: Engine, batches: Batches) -> None:
        self._store = engine.store
        self._batches = batches

    async def create(self, account: Account, draft: Draft) -> Campaign | Parked:
        """Store a batch, or the request if the balance does not cover it, and return what was stored.

        Raises what Batches.create raises, but InsufficientCredit.
        """
        identifier = new_id()
        try:
            identifier = (await self._batches.create(account, draft, batch_id=identifier)).batch.id
        except InsufficientCredit:
            waiting = Parked(id=identifier, account_id=account.id, draft=draft, created_at=from_ms(now_ms()))
            await self._store.write(park, waiting)
        return await self.get(account, identifier)

    async def retry(self, account: Account, parked_id: str) -> Campaign | Parked:
        """Make a parked request a batch with the same identifier, if the balance covers it now.

        One that is a batch already stays as it is; two who try at once make one batch. Raises NotFound; what
        Batches.create raises, but InsufficientCredit.
        """
        found = await self.get(account, parked_id)
        if isinstance(found, Parked):
            try:
                await self._batches.create(account, found.draft, also=_take_away, batch_id=parked_id)
            except InsufficientCredit:
                return found
            except AlreadyDispatched:
                pass
            return await self.get(account, parked_id)
        return found

    async def get(self, account: Account, identifier: str) -> Campaign | Parked:
        """Read a batch or a parked request. Raises NotFound if the account has neither of this name."""
        found = await self._store.read(_by_ids, account.id, [identifier])
        if not found:
            raise NotFound(f"There is no campaign {identifier} in this account.")
        return found[0]

    async def page(self, account: Account, protocol: str, *, skip: int, limit: int) -> list[Campaign | Parked]:
        """Read a page of what came by a door, batches and parked requests, newest first."""
        return await self._store.read(_page, account.id, protocol, skip, limit)


def _take_away(tx: Tx, batch: Batch) -> None:
    if not unpark(tx, batch.account_id, batch.id):
        raise AlreadyDispatched()
    if batch.kind is BodyKind.TEXT:
        learn_new(tx, batch.account_id, batch.id, batch.body)


def _page(tx: Tx, account_id: str, protocol: str, skip: int, limit: int) -> list[Campaign | Parked]:
    return _by_ids(tx, account_id, newest_of_door(tx, account_id, protocol, skip=skip, limit=limit))


def _by_ids(tx: Tx, account_id: str, identifiers: list[str]) -> list[Campaign | Parked]:
    """Read batches and parked requests in this order; what is not there is left out."""
    found: dict[str, Campaign | Parked] = dict(parked_by_ids(tx, account_id, identifiers))
    found |= campaigns_by_ids(tx, account_id, identifiers)
    return [found[identifier] for identifier in identifiers if identifier in found]
