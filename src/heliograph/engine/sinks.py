"""Sinks: what the outbox needs of whoever delivers events, one for each way that customers are told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from enum import Enum
from typing import NamedTuple

from heliograph.domain.batches import Batch
from heliograph.domain.callbacks import Event


class Fate(Enum):
    """The result of delivering an event."""

    TAKEN = "delivered"
    """The customer acknowledged the event: it is never told again."""
    REFUSED = "given_up"
    """The event will not be taken, however often it is offered."""
    FAILED = "retried"
    """The event is offered again after a while, and given up after so many failures."""
    NOBODY = "waits"
    """Nobody was there: the event waits for somebody to come, and no attempt is counted."""


class Delivery(NamedTuple):
    fate: Fate
    reason: str = ""
    """Why the event was not taken; empty if it was."""
    batches: Sequence[Batch] = ()
    """Batches that the customer asks for in its answer."""


TAKEN = Delivery(Fate.TAKEN)


class Sink(ABC):
    """The way to deliver the events of one kind of receivers."""

    def running(self) -> AbstractAsyncContextManager[object]:
        """Hold what deliveries need; entered before the first one, left after the last."""
        return nullcontext()

    def reaches(self, receiver: str) -> bool:
        """Say whether this process can deliver to a receiver (`receiver_of`) now.

        If not, its events are left alone until it can, or another process does.
        """
        return True

    @abstractmethod
    async def deliver(self, event: Event) -> Delivery:
        """Offer an event once. Called for many at once; what it raises counts as a failure of this receiver."""


class Elsewhere(Sink):
    """The sink of what other processes deliver."""

    def reaches(self, receiver: str) -> bool:
        return False

    async def deliver(self, event: Event) -> Delivery:
        return Delivery(Fate.NOBODY)
