"""Providers that somebody has paused: found out by each process, so that nothing more is sent by them.

The store says which they are (`store/provider_pauses.py`). Each process looks as it starts, when another says that
something has changed, and every second besides. What is with a provider as it is paused goes on.

What waits at the line of a paused provider and has another route is sent back to where its way is chosen; what has
none waits there until the provider is resumed. It would not be seen there that its validity ends, so one process has
what is over leave the line now and then. As a provider is resumed, what waits for others that are still paused chooses
anew, since it may go by this one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

import structlog

from heliograph.domain.instants import now_ms
from heliograph.engine.jobs import Job
from heliograph.engine.routes import Route
from heliograph.engine.routing import Router
from heliograph.store import Store
from heliograph.store.pacing import leave_lines
from heliograph.store.provider_pauses import paused_providers

log = structlog.get_logger(__name__)

EXPIRED_EVERY_S = 15.0
"""How often what is over leaves the lines of paused providers: it reads all that waits there."""
AT_ONCE = 1_000


class Holding(Job):
    name = "paused providers"

    def __init__(
        self, store: Store, router: Router, on_messages: Callable[[], None], leads: Callable[[], bool]
    ) -> None:
        """Keep the routes as the store says; `on_messages` is called when messages may go now."""
        super().__init__(asyncio.Event())
        self._store = store
        self._router = router
        self._on_messages = on_messages
        self._is_leader = leads
        self._expired_at = time.monotonic()

    def look_soon(self) -> None:
        """Look at once, because something has changed."""
        self._wake.set()

    async def look(self) -> None:
        """Find out what is paused now. Raises NotNow while the database is away."""
        fresh, over = self._router.hold(await self._store.read(paused_providers))
        for route in fresh:
            log.warning("provider paused", provider=route.name)
        for route in over:
            log.warning("provider resumed", provider=route.name)
        if over:
            self._on_messages()
        await self._leave(fresh if not over else self._paused())

    async def _leave(self, routes: Iterable[Route], expired_by: int | None = None) -> None:
        """Let what waits for these choose anew, where there may be another way, or what is over end."""
        for route in routes:
            if expired_by is None and not self._router.leads_elsewhere(route):
                continue
            left = AT_ONCE
            while left == AT_ONCE:
                left = await self._store.write(leave_lines, AT_ONCE, of=route.name, expired_by=expired_by)
                self._on_messages()

    def _paused(self) -> list[Route]:
        return [route for route in self._router.routes.values() if route.is_paused]

    async def do_some(self) -> bool:
        await self.look()
        if self._is_leader() and time.monotonic() - self._expired_at >= EXPIRED_EVERY_S:
            self._expired_at = time.monotonic()
            await self._leave(self._paused(), now_ms())
        return False

    async def next_due_ms(self) -> int | None:
        return None
