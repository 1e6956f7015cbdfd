"""The job that asks providers about numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from heliograph.domain.instants import now_ms
from heliograph.domain.lookups import LineStatus, NetworkFacts
from heliograph.engine.jobs import Job
from heliograph.engine.routes import Route
from heliograph.engine.routing import Router
from heliograph.store import Store
from heliograph.store.lookups import Question, ask_again, claim_lookups, next_lookup_due_at, record_answers

log = structlog.get_logger(__name__)

CHUNK = 100
LEASE_S = 120
AGAIN_AFTER_S = 10
MAX_ATTEMPTS = 4
GAVE_UP = NetworkFacts(status=LineStatus.FAILED, detail="The lookup provider gave no answer.")
NO_PROVIDER = NetworkFacts(status=LineStatus.FAILED, detail="No provider is set up that looks numbers up.")


class LookingUp(Job):
    name = "lookups"

    def __init__(self, store: Store, router: Router, wake: asyncio.Event, on_events: asyncio.Event) -> None:
        """Wait for `wake`, set when questions were stored; set `on_events` when somebody may have to be told."""
        super().__init__(wake)
        self._store = store
        self._router = router
        self._on_events = on_events

    async def do_some(self) -> bool:
        now = now_ms()
        if (due_at := await self.next_due_ms()) is None or due_at > now:
            return False
        due = await self._store.write(claim_lookups, limit=CHUNK, now_ms=now, lease_until=now + LEASE_S * 1_000)
        await self.answer(due)
        return bool(due)

    async def next_due_ms(self) -> int | None:
        return await self._store.read(next_lookup_due_at)

    async def answer(self, questions: Sequence[Question]) -> None:
        """Ask the providers and write what they say; what they can't say is asked MAX_ATTEMPTS times in all."""
        by_route: dict[str, list[Question]] = {}
        answers: list[tuple[str, NetworkFacts]] = []
        for question in questions:
            route = self._router.asked_about(question.msisdn)
            if route is None:
                answers.append((question.id, NO_PROVIDER))
            else:
                by_route.setdefault(route.provider.name, []).append(question)
        asked = [self._ask(self._router.routes[name], those) for name, those in by_route.items()]
        for found in await asyncio.gather(*asked):
            answers += found
        if answers:
            await self._store.write(record_answers, answers, now_ms())
            self._on_events.set()

    async def _ask(self, route: Route, questions: Sequence[Question]) -> list[tuple[str, NetworkFacts]]:
        try:
            facts = await route.provider.look_up([question.msisdn for question in questions])
            return [(question.id, found) for question, found in zip(questions, facts, strict=True)]
        except Exception as error:
            log.warning("lookup failed", provider=route.provider.name, error=f"{type(error).__name__}: {error}")
        # Which of them the provider stumbled over nobody knows, so the failure counts for all.
        again = [question for question in questions if question.attempts < MAX_ATTEMPTS]
        await self._store.write(ask_again, again, now_ms() + AGAIN_AFTER_S * 1_000)
        return [(question.id, GAVE_UP) for question in questions if question.attempts >= MAX_ATTEMPTS]
