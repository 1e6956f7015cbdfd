"""Leases: keeping those of what is in flight, and taking back messages whose worker let theirs end.

How it works. `run` wakes three times in the time of a lease. It extends the leases of everything that this worker has
in flight, and takes back what any worker has let lapse: its process died, or could not reach the database. It also
runs once as the engine starts, and ends this worker's leases as it stops, so that others need not wait for the time.

Who holds what. A message that is `sending` is its worker's until `lease_until`. While this task runs, a slow provider
costs no lease; while the database is away none can be extended, and none can be taken back either.

What is true of a lapsed message: it may have gone out, and nobody knows. Whether it is sent again, perhaps a second
time, or becomes `unknown`, is what the providers say that may have had it (`Route.sends_twice`): all of its way, or the
one at whose line it had waited. A worker that wakes up after its leases were taken back records its outcomes like any
other: the table of statuses decides which of them still count.

If this task dies, the others of its process do not outlive it for long: what they hold lapses. If the process dies
while it takes messages back, those whose chunk was committed are done, the others are found again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import structlog

from heliograph.domain.errors import NotNow
from heliograph.domain.instants import now_ms
from heliograph.domain.routes import Subject
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.metrics import Metrics
from heliograph.engine.routing import Router
from heliograph.store import Store
from heliograph.store.queue import Lapsed, end_leases, extend_leases, take_back_lapsed

log = structlog.get_logger(__name__)

LAPSED_CHUNK = 1_000


class Leases:
    def __init__(
        self,
        store: Store,
        router: Router,
        metrics: Metrics,
        *,
        worker: str,
        lease_ms: int,
        on_events: asyncio.Event,
        on_messages: Callable[[], None],
    ) -> None:
        """Keep the leases of `worker`, which last `lease_ms`.

        `on_events` is set when messages have ended, of which customers may be told, and `on_messages` is called when
        some are to be sent again.
        """
        self._store = store
        self._router = router
        self._metrics = metrics
        self._worker = worker
        self._lease_ms = lease_ms
        self._on_events = on_events
        self._on_messages = on_messages

    async def run(self, in_flight: Callable[[], Sequence[str]]) -> None:
        """Keep leases until it is canceled; `in_flight` names the messages that this worker is sending."""
        while True:
            await asyncio.sleep(self._lease_ms / 3_000)  # thrice in a lease: a write may fail, and none lapses
            try:
                if held := in_flight():
                    await self._store.write(extend_leases, self._worker, held, now_ms() + self._lease_ms)
                await self.take_back_lapsed()
            except NotNow as error:
                log.warning("leases not extended", error=str(error))
            except Exception:  # without this task every lease lapses
                log.exception("leases not extended")

    async def take_back_lapsed(self) -> int:
        """Requeue messages whose worker died, or mark them unknown. Return how many there were."""
        total = 0
        while True:
            applied = await self._store.write(take_back_lapsed, now_ms(), LAPSED_CHUNK, self._after_a_crash)
            total += len(applied)
            self._metrics.taken_back(len(applied))
            if applied:
                self._on_events.set()
            if len(applied) < LAPSED_CHUNK:
                if total:
                    log.info("took back messages of a dead worker", count=total)
                    self._on_messages()
                return total

    async def end(self) -> None:
        """Give up what this worker still holds, at its orderly end."""
        try:
            await self._store.write(end_leases, self._worker)
        except NotNow as error:
            log.warning("leases not ended; others take the messages when they lapse", error=str(error))

    def _after_a_crash(self, lapsed: Lapsed) -> tuple[Status, str | None]:
        """Decide what becomes of a lapsed message: it may have been with any of the routes that it can take.

        If it had waited at one, it was with that one at most.
        """
        subject = Subject(
            msisdn=lapsed.msisdn,
            originator=lapsed.originator,
            account=lapsed.account_id,
            tags=msgspec.json.decode(lapsed.tags),
            channel=lapsed.channel,
            parts=lapsed.parts or 1,
        )
        waited_for = self._router.routes.get(lapsed.provider or "")
        routes = self._router.routes_for(subject) if waited_for is None else [waited_for]
        if all(route.sends_twice for route in routes):
            return Status.QUEUED, None
        return Status.UNKNOWN, Reason.UNCERTAIN
