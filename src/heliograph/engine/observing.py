"""Looking into the store for whoever reads the metrics: what waits to be sent, to be told, and to be
forgotten.

Counting what waits reads all of it, so it is done when somebody looks, at most once in LOOK_EVERY_S, and by one process
of a store: the one that leads. The others don't show these metrics at all, so that sums over processes are right.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from heliograph.domain.callbacks import protocol_of
from heliograph.domain.instants import now_ms
from heliograph.engine.metrics import Metrics
from heliograph.engine.outbox import Outbox
from heliograph.store import Store
from heliograph.store.events import waiting_events
from heliograph.store.queue import backlog
from heliograph.store.retention import due_since

LOOK_EVERY_S = 5.0


class Observer:
    def __init__(self, store: Store, metrics: Metrics, outbox: Outbox, leads: Callable[[], bool]) -> None:
        self._store = store
        self._metrics = metrics
        self._outbox = outbox
        self._leads = leads
        self._looked_at = -LOOK_EVERY_S

    async def look(self) -> None:
        """Bring the metrics of what waits up to date. Raises NotNow while the database is away."""
        if not self._leads():
            self._metrics.nothing_seen()
            return
        clock = time.monotonic()
        if clock - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = clock
        queued = await self._store.read(backlog)
        untold: Counter[str] = Counter()
        oldest: dict[str, int] = {}
        owed: Counter[str] = Counter()
        for each in await self._store.read(waiting_events):
            state = self._outbox.state_of(each.receiver)
            untold[state] += each.count
            if (protocol := protocol_of(each.receiver)) is not None:
                owed[protocol] += each.count
            oldest[state] = min(oldest.get(state, each.created_at), each.created_at)
        now = now_ms()
        self._metrics.seen(queued, untold, oldest, owed, now)
        self._metrics.retention_due(await self._store.read(due_since), now)
