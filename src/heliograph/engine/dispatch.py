"""The dispatcher: claims due messages chunk after chunk and has them sent, with no more in flight than it may.

How it works. One task runs the loop: claim a chunk (`claiming.py`), begin a task that sends it (`sending.py`), claim
the next one. Beside it runs the task that keeps the leases (`leases.py`). The store holds the truth throughout: what is
known here only is which messages are in flight, and since when.

The window. At most `window` chunks' worth of messages is on its way to providers that answer; while it is full, nothing
is claimed. What has been in flight for longer than `PATIENCE_S` is not waited for: its provider does not answer, and
must hold up no other. It is bounded all the same, by `Route.is_full` for each route, at whose line what comes later
waits, and by `MOST_IN_FLIGHT` windows altogether.

Pauses. A full chunk is followed by the next one at once. After one that was not full the loop gathers for `GATHER_S`;
after none it waits until something is due, or until it is woken.

If the process dies, everything in flight comes back when its lease ends, and the provider's policy says whether it is
sent again. If the process is stopped, it claims nothing more, waits for what is in flight, and ends its leases.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import structlog

from heliograph.domain.errors import NotNow
from heliograph.engine.claiming import CHUNK, Claimer
from heliograph.engine.jobs import wait_for_any
from heliograph.engine.leases import Leases
from heliograph.engine.metrics import Metrics
from heliograph.engine.notifier import Notifier
from heliograph.engine.routing import Router
from heliograph.engine.sending import Sender
from heliograph.store import Store
from heliograph.store.queue import Leased, Work

log = structlog.get_logger(__name__)

GATHER_S = 0.02
"""The shortest time between two claims that do not fill a chunk, in seconds.

Under a stream of single messages each claim then takes a handful, instead of each message costing a transaction. The
first one after a quiet time never waits.
"""
AFTER_FAILURE_S = 1.0
PATIENCE_S = 1.0
"""A provider that has not answered after this time, in seconds, holds up no other provider."""
MOST_IN_FLIGHT = 16
"""How many windows full of messages may be in flight altogether, when providers don't answer."""


class Dispatcher:
    def __init__(
        self,
        store: Store,
        router: Router,
        notifier: Notifier,
        metrics: Metrics,
        *,
        worker: str,
        lease_s: float,
        window: int,
        on_events: asyncio.Event,
    ) -> None:
        """Dispatch as `worker`; `on_events` is set when messages have ended, of which customers may be told."""
        self._wake = asyncio.Event()
        self._stopping = False
        self._most = window * CHUNK
        lease_ms = int(lease_s * 1_000)
        self._claimer = Claimer(store, router, worker=worker, lease_ms=lease_ms, most=self._most)
        self._sender = Sender(
            store, router, notifier, metrics, most=self._most, on_events=on_events, on_messages=self._wake
        )
        self._leases = Leases(
            store, router, metrics, worker=worker, lease_ms=lease_ms, on_events=on_events, on_messages=self.wake
        )
        self._in_flight: dict[asyncio.Task[None], tuple[Sequence[Leased], float]] = {}
        """The messages of each chunk that is being sent, and since when, by the monotonic clock."""

    def wake(self) -> None:
        """Look at the queue soon: something is due, or may be."""
        self._wake.set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what is in flight has been recorded."""
        self._stopping = True
        self._sender.stop()
        self._wake.set()

    @property
    def in_flight(self) -> int:
        """Count the messages that providers have not answered."""
        return sum(len(messages) for messages, _ in self._in_flight.values())

    async def sent_off(self, within_s: float) -> None:
        """Return when all chunks that are on their way now have been recorded, or `within_s` seconds are over."""
        if self._in_flight:
            await asyncio.wait(list(self._in_flight), timeout=within_s)

    async def take_back_lapsed(self) -> int:
        """Requeue messages whose worker died, or mark them unknown. Return how many there were."""
        return await self._leases.take_back_lapsed()

    async def run(self) -> None:
        keeper = asyncio.create_task(self._leases.run(self._messages_in_flight), name="leases")
        try:
            while not self._stopping:
                await self._work_once()
            if self._in_flight:
                await asyncio.wait(self._in_flight)
        finally:
            for task in self._in_flight:  # none, unless this was canceled
                task.cancel()
            keeper.cancel()
            await asyncio.gather(keeper, self._sender.finished(), *self._in_flight, return_exceptions=True)
            await self._leases.end()

    async def _work_once(self) -> None:
        self._wake.clear()
        try:
            work = await self._claimer.claim()
            if work.messages:
                await self._send_off(work)
            if work.more:
                return
            if work.messages:
                await asyncio.sleep(GATHER_S)
            elif not self._wake.is_set():
                await self._pause(await self._claimer.until_next_s())
        except NotNow as error:
            log.warning("queue unreadable", error=str(error))
            await self._pause(AFTER_FAILURE_S)
        except Exception:  # one failure must not end all sending
            log.exception("dispatching failed")
            await self._pause(AFTER_FAILURE_S)

    async def _pause(self, seconds: float) -> None:
        if not self._stopping:
            await wait_for_any(self._wake, timeout_s=seconds)

    async def _send_off(self, work: Work) -> None:
        """Start sending a chunk; wait while the window is full."""
        task = asyncio.create_task(self._sender.send(work), name="send")
        self._in_flight[task] = work.messages, time.monotonic()
        task.add_done_callback(self._landed)
        while (patience_s := self._patience_s()) > 0:
            await asyncio.wait(self._in_flight, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)

    def _patience_s(self) -> float:
        """Return how many seconds to wait for what is in flight before more is claimed."""
        late = time.monotonic() - PATIENCE_S
        fresh = [(len(messages), since) for messages, since in self._in_flight.values() if since > late]
        if sum(count for count, _ in fresh) >= self._most:
            return min(since for _, since in fresh) - late
        everything = sum(len(messages) for messages, _ in self._in_flight.values())
        return PATIENCE_S if everything >= MOST_IN_FLIGHT * self._most else 0.0

    def _landed(self, task: asyncio.Task[None]) -> None:
        del self._in_flight[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            # The lease brings the chunk back; until then it is in the log.
            log.error("chunk not recorded", exc_info=error)

    def _messages_in_flight(self) -> list[str]:
        return [message.id for messages, _ in self._in_flight.values() for message in messages]
