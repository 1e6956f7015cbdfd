"""Watching something change, for as long as somebody looks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from heliograph.domain.accounts import Account
from heliograph.engine.engine import Engine
from heliograph.engine.notifier import Subscription
from heliograph.services.waits import Waits


class Live:
    def __init__(self, engine: Engine, waits: Waits) -> None:
        self._engine = engine
        self._waits = waits

    @contextmanager
    def watch(self, account: Account, topic: str) -> Iterator[Subscription]:
        """Take a place among those who wait at this account, and subscribe to a topic. Raises TooManyWaits.

        What other processes change makes no news here: whoever watches looks every second or so besides.
        """
        with self._waits.place(account), self._engine.notifier.listen(topic) as subscription:
            yield subscription

    def require_place(self, account: Account) -> None:
        """Raise TooManyWaits if nobody of this account may begin to watch now."""
        self._waits.require_place(account)
