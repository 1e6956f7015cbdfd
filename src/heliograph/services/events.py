"""The subjects of events, as doors need them to write callbacks."""

from __future__ import annotations

from typing import TypeVar

from heliograph.domain.accounts import Account
from heliograph.domain.batches import Batch
from heliograph.domain.callbacks import Event, MessageFacts
from heliograph.domain.errors import NotFound
from heliograph.domain.inbound import Inbound
from heliograph.domain.links import Hit
from heliograph.domain.lookups import Lookup
from heliograph.domain.messages import Message
from heliograph.domain.optouts import OptOut
from heliograph.domain.verifications import Verification
from heliograph.services.inbound import InboundMessages
from heliograph.services.reports import BatchReport, Reports
from heliograph.store import Store
from heliograph.store.accounts import account_by_id
from heliograph.store.batches import batch_by_id
from heliograph.store.links import hits_by_ids
from heliograph.store.lookups import lookups_by_ids
from heliograph.store.messages import message_by_id
from heliograph.store.optouts import optouts_to
from heliograph.store.verifications import verification_by_id

T = TypeVar("T")


class EventSubjects:
    """Reads what events are about. Raises NotFound for what is gone: then there is nothing to tell."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reports = Reports(store)
        self._inbound = InboundMessages(store)

    async def account(self, account_id: str) -> Account:
        """Read the account that is told."""
        return _found(await self._store.read(account_by_id, account_id))

    async def batch(self, account: Account, event: Event) -> Batch:
        """Read the batch that the event is about, or whose message it is about."""
        return _found(await self._store.read(batch_by_id, account.id, event.subject_id))

    async def message(self, account: Account, facts: MessageFacts) -> Message:
        """Read the message that an event tells of."""
        return _found(await self._store.read(message_by_id, account.id, facts.message_id))

    async def report(self, account: Account, event: Event, *, with_recipients: bool) -> BatchReport:
        """Read the batch that the event is about with the states of its messages, of one moment."""
        return await self._reports.of_batch(account.id, event.subject_id, with_recipients=with_recipients)

    async def inbound(self, account: Account, event: Event) -> Inbound:
        """Read the inbound message that the event is about."""
        return await self._inbound.get(account, event.subject_id)

    async def verification(self, account: Account, event: Event) -> Verification:
        """Read the verification that the event is about."""
        return _found(await self._store.read(verification_by_id, account.id, event.subject_id))

    async def optouts(self, account: Account, event: Event) -> list[OptOut]:
        """Read the opt-outs that the event is about, without those that were taken back since."""
        return _any_of(await self._store.read(optouts_to, account.id, event.several))

    async def hits(self, account: Account, event: Event) -> list[tuple[Hit, str]]:
        """Read the hits that the event is about, each with the address that its link leads to."""
        return _any_of(await self._store.read(hits_by_ids, account.id, event.several))

    async def lookups(self, account: Account, event: Event) -> list[Lookup]:
        """Read the answered lookups that the event is about."""
        return _any_of(await self._store.read(lookups_by_ids, account.id, event.several))


def _found(subject: T | None) -> T:
    if subject is None:
        raise NotFound()
    return subject


def _any_of(subjects: list[T]) -> list[T]:
    if not subjects:
        raise NotFound()
    return subjects
