"""The job that stores hits of short addresses: they are noted at once and stored together.

Whoever follows an address is not kept waiting for the database. What was noted and not stored yet (the hits of a
fraction of a second) is lost if the process is killed; a stop stores it first.
"""

from __future__ import annotations

import asyncio
import time

from heliograph.domain.links import Click, Link
from heliograph.engine.jobs import Job
from heliograph.store import Store
from heliograph.store.links import any_link, record_hits

CHUNK = 2_000
REMEMBERED_S = 2.0
"""How soon a change of a link is in force in every process, in seconds."""
REMEMBERED = 20_000


class Hits(Job):
    name = "hits"

    def __init__(self, store: Store, on_events: asyncio.Event) -> None:
        """Set `on_events` when somebody may have to be told."""
        super().__init__(asyncio.Event())
        self._store = store
        self._on_events = on_events
        self._noted: list[Click] = []
        self._links: dict[str, tuple[float, Link | None]] = {}

    async def link(self, link_id: str) -> Link | None:
        """Return a link as it was a moment ago; None if there is none."""
        until, known = self._links.get(link_id, (0.0, None))
        now = time.monotonic()
        if until > now:
            return known
        found = await self._store.read(any_link, link_id)
        if len(self._links) >= REMEMBERED:
            self._links.clear()
        self._links[link_id] = (now + REMEMBERED_S, found)
        return found

    def forget(self) -> None:
        """Make a change of a link count at once in this process."""
        self._links.clear()

    def note(self, click: Click) -> None:
        self._noted.append(click)
        self._wake.set()

    async def do_some(self) -> bool:
        chunk, self._noted = self._noted[:CHUNK], self._noted[CHUNK:]
        if not chunk:
            return False
        try:
            await self._store.write(record_hits, chunk)
        except BaseException:
            self._noted[:0] = chunk  # whatever it was, they are not lost by it
            raise
        self._on_events.set()
        return True

    async def next_due_ms(self) -> int | None:
        return None

    async def run(self) -> None:
        await super().run()
        while await self.do_some():  # those that were noted while the last ones were stored
            pass
