"""Claiming: what a worker asks the store for, and when it asks again.

How it works. `claim` leases what is due, a chunk at a time and in one transaction, with what is needed of the batches
(`store/queue.py`). It names the lines from which messages may go now: those of routes that are in service and have room
in flight. What waits at another line is not touched, so a provider that is slow or away costs the others nothing.

When. A chunk that came back full is followed by the next claim at once: more may be due. Else the worker waits until
something is due or a place comes up at one of the open lines, or until it is woken, by this process or by another that
has accepted something (`news.py`), and no longer than `LONGEST_PAUSE_S`: what others say may not come through.

Who holds what. Locks end with the claim's transaction; from then on the messages are this worker's by their lease, and
whoever has the answer is bound to send them. Nothing is kept here between two calls.

If the process dies during a claim, nothing was claimed. If the claim was committed and its answer never came, because
the database went away, the messages are leased to a worker that does not know it: nobody extends such a lease, and it
lapses like a dead worker's.
"""

from __future__ import annotations

from collections.abc import Collection

from heliograph.domain.instants import now_ms
from heliograph.engine.routing import Router
from heliograph.store import Store
from heliograph.store.base import Lane
from heliograph.store.pacing import Pace, next_place_ms
from heliograph.store.queue import Claim, Work, claim_due, next_due_at
from heliograph.store.tx import Tx

CHUNK = 500
"""Messages that are leased at once, at most."""
LONGEST_PAUSE_S = 0.5
"""How long the queue is left unread when nothing wakes the dispatcher, in seconds.

Messages that other processes accept wait so long at most, where those can't say that they are there.
"""
PLACES_S = 0.05
"""How often places in routes are given away at most, in seconds: those that come up within this time go together."""


class Claimer:
    def __init__(self, store: Store, router: Router, *, worker: str, lease_ms: int, most: int) -> None:
        """Claim for `worker`, with leases of `lease_ms`; `most` is how many messages one route may have in flight."""
        self._store = store
        self._router = router
        self._worker = worker
        self._lease_ms = lease_ms
        self._most = most

    async def claim(self) -> Work:
        """Lease a chunk of what may go now. Raises NotNow while the database is away."""
        now = now_ms()
        claim = Claim(self._worker, CHUNK, now, now + self._lease_ms, self._open_paces(now))
        return await self._store.write_item(claim_due, claim, Lane.ENGINE)

    async def until_next_s(self) -> float:
        """Return for how many seconds there is nothing to claim, as far as anybody knows, and at most LONGEST_PAUSE_S.

        Raises NotNow while the database is away.
        """
        open_lines = [pace.provider for pace in self._open_paces(now_ms())]
        due_at, place_at = await self._store.read(_next_times, open_lines)
        if place_at is not None:
            place_at = max(place_at, now_ms()) + int(PLACES_S * 1_000)
            due_at = place_at if due_at is None else min(due_at, place_at)
        return LONGEST_PAUSE_S if due_at is None else min(max(due_at - now_ms(), 1) / 1_000, LONGEST_PAUSE_S)

    def _open_paces(self, now: int) -> list[Pace]:
        """List the paces of the routes by which messages that wait for them may be sent."""
        routes = self._router.routes.values()
        return [route.pace for route in routes if route.in_service(now) and not route.is_full(self._most)]


def _next_times(tx: Tx, providers: Collection[str]) -> tuple[int | None, int | None]:
    """Return when the next message is due, and when one that waits for one of these providers may go."""
    return next_due_at(tx), next_place_ms(tx, providers)
