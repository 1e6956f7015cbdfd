"""Judging a provider's answer to a message: it is recorded, tried again, passed on to the next of its route, or ended.

Whatever a provider says becomes one `Change`. Acceptance and a final refusal are recorded. What may be taken later goes
back to the queue, as long as an attempt is left in its validity. When an attempt is final here, or the rules say so,
the message passes on: to the queue as well, with this route among those that have passed it on; the router finds the
next. An uncertain answer ends the message, except where the provider may be sent it twice.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from heliograph.domain.attempts import AttemptOutcome
from heliograph.domain.life import Change
from heliograph.domain.messages import Waiting
from heliograph.domain.retries import retry_at_ms
from heliograph.domain.routes import Subject
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import Accepted, Fault, Outcome, Outgoing, Refused, TryAgain, Uncertain
from heliograph.engine.foreign import code_of, detail_of, reference
from heliograph.engine.routes import Route
from heliograph.engine.routing import Router
from heliograph.store.queue import Leased

_NUMBERS = re.compile(r"[0-9]{7,}")


class Judge:
    def __init__(self, router: Router) -> None:
        self._router = router

    def change(
        self, route: Route, message: Leased, prepared: Outgoing, outcome: Outcome, tags: Sequence[str], now: int
    ) -> Change:
        """Return the change that records an outcome, or lets the message go on."""
        name = route.provider.name
        if isinstance(outcome, Accepted):
            return Change(
                message.id,
                Status.SENT,
                provider=name,
                provider_ref=reference(outcome.provider_ref),
                ref_key=None if outcome.ref_key is None else reference(outcome.ref_key),
                encoding=prepared.encoding,
                parts=prepared.parts,
                at_ms=now,
            )
        if isinstance(outcome, Refused):
            if route.passes_on_refusal(outcome.reason, outcome.code) and self._goes_on(
                message, prepared, tags, route, now
            ):
                return _passed_on(message, route, outcome, AttemptOutcome.REFUSED, now)
            return Change(
                message.id,
                Status.REJECTED,
                reason=code_of(outcome.reason),
                provider_code=code_of(outcome.code),
                detail=detail_of(outcome.detail),
                provider=name,
                encoding=prepared.encoding,
                parts=prepared.parts,
            )
        if isinstance(outcome, Uncertain) and not route.sends_twice:
            detail = detail_of(outcome.detail)
            return Change(message.id, Status.UNKNOWN, reason=Reason.UNCERTAIN, detail=detail, provider=name)
        return self._again(message, prepared, outcome, tags, now, route)

    def fault(self, message: Leased, error: Exception, now: int) -> Change:
        """Return what becomes of a message that a mistake of ours kept from being handed to any provider."""
        detail = detail_of(f"{type(error).__name__}: {error}")
        due_at = _retry_at_ms(message, now)
        if due_at is None:
            return Change(message.id, Status.FAILED, reason=Reason.INTERNAL, detail=detail)
        return Change(message.id, Status.QUEUED, detail=detail, due_at=due_at)

    def _again(
        self,
        message: Leased,
        prepared: Outgoing,
        outcome: TryAgain | Uncertain,
        tags: Sequence[str],
        now: int,
        route: Route,
    ) -> Change:
        attempted = AttemptOutcome.PUT_OFF if isinstance(outcome, TryAgain) else AttemptOutcome.UNCERTAIN
        after_ms = outcome.after_ms if isinstance(outcome, TryAgain) else None
        code = code_of(outcome.code) if isinstance(outcome, TryAgain) else None
        detail = detail_of(outcome.detail)
        ours = isinstance(outcome, Fault)
        due_at = _retry_at_ms(message, now, after_ms)
        is_over = due_at is None or ours or route.passes_on_failure(code)
        if is_over and self._goes_on(message, prepared, tags, route, now):
            return _passed_on(message, route, outcome, attempted, now)
        if due_at is None:
            return Change(
                message.id,
                Status.FAILED,
                reason=Reason.INTERNAL if ours else Reason.RETRIES_EXHAUSTED,
                provider_code=code,
                detail=detail,
                provider=route.name,
            )
        return Change(
            message.id,
            Status.QUEUED,
            provider_code=code,
            detail=detail,
            provider=route.name,
            due_at=due_at,
            attempted=attempted,
        )

    def _goes_on(self, message: Leased, prepared: Outgoing, tags: Sequence[str], route: Route, now: int) -> bool:
        """Say whether another route is left for what this one did not take."""
        way = self._router.way(subject_of(prepared, tags), now, _passed_on_by(message, route))
        return way.goes_on


def _retry_at_ms(message: Leased, now: int, after_ms: int | None = None) -> int | None:
    return retry_at_ms(message.attempts, now, message.expire_at, random.random(), after_ms)  # noqa: S311 - jitter


def subject_of(prepared: Outgoing, tags: Sequence[str]) -> Subject:
    """Return what the rules of routing can ask about a message."""
    return Subject(
        msisdn=prepared.msisdn,
        originator=prepared.originator,
        account=prepared.account_id,
        tags=tags,
        channel=prepared.channel,
        parts=prepared.parts,
    )


def is_failure(outcome: Outcome) -> bool:
    """Say whether an outcome speaks against the provider's health."""
    return isinstance(outcome, Refused | Uncertain) or (isinstance(outcome, TryAgain) and outcome.blames_provider)


class NotAccepted(NamedTuple):
    """What a provider said of some messages, for the operator: customers are told a reason and a code."""

    outcome: str
    code: str | None
    detail: str | None
    messages: int


def not_taken(outcomes: Sequence[Outcome]) -> list[NotAccepted]:
    """Sum up what a provider did not take, each word and code with the first detail; phone numbers are left out."""
    details: dict[tuple[str, str | None], str | None] = {}
    counts: Counter[tuple[str, str | None]] = Counter()
    for outcome in outcomes:
        if isinstance(outcome, Accepted):
            continue
        key = (type(outcome).__name__, None if isinstance(outcome, Uncertain) else outcome.code)
        counts[key] += 1
        details.setdefault(key, outcome.detail)
    return [
        NotAccepted(*key, None if (detail := details[key]) is None else _NUMBERS.sub("…", detail), count)
        for key, count in counts.items()
    ]


def _passed_on_by(message: Leased, route: Route) -> str:
    return f"{message.passed_on_by} {route.name}".strip()


def _passed_on(
    message: Leased, route: Route, outcome: Refused | TryAgain | Uncertain, attempted: AttemptOutcome, now: int
) -> Change:
    """Return the change that lets another provider have a message."""
    code = None if isinstance(outcome, Uncertain) else code_of(outcome.code)
    return Change(
        message.id,
        Status.QUEUED,
        why_queued=Waiting.FAILED_OVER,
        provider_code=code,
        detail=detail_of(outcome.detail),
        provider=route.name,
        due_at=now,
        passed_on_by=_passed_on_by(message, route),
        attempted=attempted,
    )
