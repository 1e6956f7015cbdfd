"""The job that asks providers which do not tell by themselves.

A poll is a row: its provider, what to ask, when it is due, when to give up. It is written in the transaction that
records the provider's acceptance, so no receipt is forgotten in a crash; claiming moves the due moment ahead, and what
a dead process had claimed is asked again. Asking twice is harmless, for a receipt that repeats changes nothing.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from heliograph.domain.instants import now_ms
from heliograph.engine.contract import Intake
from heliograph.engine.jobs import Job
from heliograph.engine.routing import Router
from heliograph.store import Store
from heliograph.store.polls import Poll, add_polls, claim_polls, next_poll_due_at, settle_polls

log = structlog.get_logger(__name__)

CHUNK = 16
LEASE_S = 120
FIRST_DELAY_S = 2
LONGEST_DELAY_S = 600
AFTER_EXPIRY_MS = int(timedelta(days=1) / timedelta(milliseconds=1))
"""How long after the end of a message's validity its receipt is still asked for, in milliseconds."""


def first_poll(provider: str, handle: str, now: int, expire_at: int) -> Poll:
    """Return the first question about messages that were taken `now` and are valid until `expire_at`."""
    return Poll(provider, handle, now + FIRST_DELAY_S * 1_000, expire_at + AFTER_EXPIRY_MS)


class Poller(Job):
    name = "poller"

    def __init__(self, store: Store, router: Router, intake: Intake, wake: asyncio.Event) -> None:
        super().__init__(wake)
        self._store = store
        self._router = router
        self._intake = intake

    async def start(self) -> None:
        """Store the standing questions of all providers. Safe to repeat."""
        standing = [
            Poll(provider.name, handle, now_ms())
            for provider in (route.provider for route in self._router.routes.values())
            for handle in provider.standing_polls
        ]
        if standing:
            await self._store.write(add_polls, standing)

    async def do_some(self) -> bool:
        now = now_ms()
        if (due_at := await self.next_due_ms()) is None or due_at > now:
            return False
        due = await self._store.write(
            claim_polls, self._names(), limit=CHUNK, now_ms=now, lease_until=now + LEASE_S * 1_000
        )
        delays = await asyncio.gather(*map(self._ask, due))
        over = [poll.id for poll, delay_s in zip(due, delays, strict=True) if delay_s is None]
        again = [
            (poll.id, now_ms() + int(delay_s * 1_000))
            for poll, delay_s in zip(due, delays, strict=True)
            if delay_s is not None
        ]
        await self._store.write(settle_polls, over, again)
        return bool(due)

    async def next_due_ms(self) -> int | None:
        return await self._store.read(next_poll_due_at, self._names())

    def _names(self) -> list[str]:
        return list(self._router.routes)

    async def _ask(self, poll: Poll) -> float | None:
        """Ask a question, and return in how many seconds it is asked again; None: never."""
        delay_s: float | None = None
        try:
            answer = await self._router.routes[poll.provider].provider.poll(poll.handle)
            if answer.receipts:
                await self._intake.receipts(answer.receipts)
            if answer.over:
                return None
            delay_s = answer.again_after_s
        except Exception as error:
            log.warning("poll failed", provider=poll.provider, error=f"{type(error).__name__}: {error}")
        # Also after a failure: a question that always fails must come to an end.
        if poll.give_up_at is not None and now_ms() > poll.give_up_at:
            log.warning("poll given up", provider=poll.provider, handle=poll.handle)
            return None
        return delay_s if delay_s is not None else min(FIRST_DELAY_S * 2.0 ** (poll.attempts - 1), LONGEST_DELAY_S)
