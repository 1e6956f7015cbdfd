"""What the callbacks of all protocols have in common: the account, its secret, and that what is gone is not told."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from heliograph.domain.accounts import Account
from heliograph.domain.batches import Batch
from heliograph.domain.callbacks import Event
from heliograph.domain.errors import NotFound
from heliograph.domain.links import Hit
from heliograph.domain.lookups import Lookup
from heliograph.domain.optouts import OptOut
from heliograph.domain.signing import sign
from heliograph.domain.verifications import Verification
from heliograph.engine.callbacks import NO_ORDERS, Answer, Orders, Payload
from heliograph.services.inbound import InboundMessages
from heliograph.services.reports import Reports
from heliograph.store import Store
from heliograph.store.accounts import account_by_id
from heliograph.store.batches import batch_by_id
from heliograph.store.links import hits_by_ids
from heliograph.store.lookups import lookups_by_ids
from heliograph.store.optouts import optouts_to
from heliograph.store.verifications import verification_by_id

T = TypeVar("T")

REMEMBERED_S = 2.0
"""How long a change of an account may take to be seen in its callbacks."""


class CallbackWriter(ABC):
    """Writes events in one protocol's shape."""

    reads_answers: bool = False
    takes_credentials: bool = False

    async def answered(self, event: Event, answer: Answer) -> Orders:
        """What an answer asks for: nothing, in most protocols."""
        return NO_ORDERS

    def __init__(self, store: Store) -> None:
        self.store = store
        self.reports = Reports(store)
        self.inbound = InboundMessages(store)
        self._accounts: dict[str, tuple[float, Account]] = {}

    async def batch(self, account: Account, batch_id: str) -> Batch:
        """NotFound if it is gone."""
        found = await self.store.read(batch_by_id, account.id, batch_id)
        if found is None:
            raise NotFound()
        return found

    async def verification(self, account: Account, verification_id: str) -> Verification:
        """NotFound if it is gone."""
        found = await self.store.read(verification_by_id, account.id, verification_id)
        if found is None:
            raise NotFound()
        return found

    async def optouts(self, account: Account, event: Event) -> list[OptOut]:
        """Those that the event is about and that were not taken back since. NotFound if none is left."""
        return _any_of(await self.store.read(optouts_to, account.id, event.several))

    async def hits(self, account: Account, event: Event) -> list[tuple[Hit, str]]:
        """Those that the event is about, each with what its link leads to. NotFound if the link is gone."""
        return _any_of(await self.store.read(hits_by_ids, account.id, event.several))

    async def lookups(self, account: Account, event: Event) -> list[Lookup]:
        """Those that the event is about."""
        return _any_of(await self.store.read(lookups_by_ids, account.id, event.several))

    @abstractmethod
    async def data(self, account: Account, event: Event) -> Any:
        """What is said. NotFound if what the event is about is gone."""

    @abstractmethod
    def signature(self, secret: str, event: Event, body: bytes) -> Mapping[str, str]:
        """The headers that prove to the customer who sent this, and which event it is."""

    async def encode(self, event: Event) -> Payload | None:
        """The request that tells it; None if what the event is about is gone."""
        account = await self._account(event.account_id)
        if account is None:
            return None
        try:
            return await self.payload(account, event, await self.data(account, event))
        except NotFound:
            return None

    async def payload(self, account: Account, event: Event, data: Any) -> Payload:
        """How `data` is told: as JSON, posted."""
        body = msgspec.json.encode(data)
        headers = {"Content-Type": "application/json", "User-Agent": "Heliograph"}
        return Payload(body, headers | dict(self.signature(account.callback_secret, event, body)))

    async def _account(self, account_id: str) -> Account | None:
        """As it was a moment ago: a campaign has many events, and one account."""
        until, known = self._accounts.get(account_id, (0.0, None))
        if known is not None and until > time.monotonic():
            return known
        found = await self.store.read(account_by_id, account_id)
        if found is not None:
            self._accounts[account_id] = (time.monotonic() + REMEMBERED_S, found)
        return found


def _any_of(found: list[T]) -> list[T]:
    if not found:
        raise NotFound()
    return found


def own_signature(secret: str, event: Event, body: bytes) -> Mapping[str, str]:
    """The headers of protocols that have no signature of their own.

    `X-Heliograph-Event` is the event's id, constant over all attempts. `X-Heliograph-Signature` is `t=SECONDS,v1=HEX`:
    HMAC-SHA256 with the account's callback secret over `SECONDS.BODY`, so that neither can be changed, or replayed
    later.
    """
    seconds = int(time.time())
    return {"X-Heliograph-Event": event.id, "X-Heliograph-Signature": f"t={seconds},v1={sign(secret, seconds, body)}"}
