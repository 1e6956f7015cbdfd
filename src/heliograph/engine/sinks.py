"""What the outbox needs of whoever delivers events: a sink for each way that customers are told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from enum import Enum
from typing import NamedTuple

from heliograph.domain.batches import Batch
from heliograph.domain.callbacks import Event


class Fate(Enum):
    """What came of delivering an event."""

    TAKEN = "delivered"
    """The customer acknowledged it: it is never told again."""
    REFUSED = "given_up"
    """It will not be taken, however often it is offered."""
    FAILED = "retried"
    """It is offered again after a while, and given up after so many failures."""
    NOBODY = "waits"
    """Nobody was there: it waits for somebody to come, and no attempt is counted."""


class Delivery(NamedTuple):
    fate: Fate
    reason: str = ""
    """Why it was not taken."""
    batches: Sequence[Batch] = ()
    """What the customer asks in its answer to be sent."""


TAKEN = Delivery(Fate.TAKEN)


class Sink(ABC):
    """Delivers the events of one kind of receivers."""

    def running(self) -> AbstractAsyncContextManager[object]:
        """Hold what deliveries need; entered before the first one, left after the last."""
        return nullcontext()

    def reaches(self, receiver: str) -> bool:
        """Whether this process can deliver to a receiver (`receiver_of`) now. If not, its events are left alone until
        it can, or another process does."""
        return True

    @abstractmethod
    async def deliver(self, event: Event) -> Delivery:
        """Offer an event once. Called for many at once; what it raises counts as a failure of this receiver."""
