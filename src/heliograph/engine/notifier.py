"""Waking those who wait for something to change: a message, a phone, an account's inbound messages.

News travels inside this process only. Whoever waits looks at the store after each piece of news and also every few
seconds, so that what another process changed is seen too, just later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from heliograph.domain.errors import ShuttingDown

ELSEWHERE_S = 1.0
"""How often, in seconds, a waiter looks at the store although no news came."""


class Notifier:
    def __init__(self) -> None:
        self._waiters: dict[str, set[asyncio.Future[None]]] = {}
        self.closed = False

    def close(self) -> None:
        """End all waiting: whoever waits now or later gets ShuttingDown."""
        self.closed = True
        self.tell(list(self._waiters))

    def tell(self, topics: Iterable[str]) -> None:
        """Wake whoever waits for one of these topics: message identifiers, or names such as `phones`."""
        if not self._waiters:
            return
        for topic in topics:
            for waiter in self._waiters.pop(topic, ()):
                if not waiter.done():
                    waiter.set_result(None)

    def listen(self, topic: str) -> Subscription:
        """Subscribe to a topic.

        To be entered before the first look at the store, so that no change falls between look and wait.
        """
        return Subscription(self, self._waiters, topic)


class Subscription:
    """One waiter for one topic; a context manager."""

    def __init__(self, notifier: Notifier, waiters: dict[str, set[asyncio.Future[None]]], topic: str) -> None:
        self._notifier = notifier
        self._waiters = waiters
        self._topic = topic
        self._future: asyncio.Future[None]

    def __enter__(self) -> Subscription:
        self._arm()
        return self

    def __exit__(self, *_: object) -> None:
        waiting = self._waiters.get(self._topic)
        if waiting is not None:
            waiting.discard(self._future)
            if not waiting:
                del self._waiters[self._topic]

    def _arm(self) -> None:
        self._future = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(self._topic, set()).add(self._future)

    async def wait(self, timeout_s: float) -> bool:
        """Wait for news: True if there was some, False after `timeout_s`. May be called again and again.

        Raises ShuttingDown when the process stops.
        """
        done, _ = await asyncio.wait({self._future}, timeout=0 if self._notifier.closed else max(timeout_s, 0))
        if self._notifier.closed:
            raise ShuttingDown()
        if done:
            self._arm()
        return bool(done)
