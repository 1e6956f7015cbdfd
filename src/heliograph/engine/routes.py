"""A route: one provider, how fast it may be sent to, whether it is in service, and how well it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from heliograph.domain.statuses import Reason
from heliograph.engine.contract import Provider
from heliograph.engine.health import Health
from heliograph.store.pacing import Pace

FAILURES_TO_LEAVE = 5
"""Chunks in a row that failed through the provider's fault before it is left alone."""
LEFT_ALONE_MS = (1_000, 5_000, 30_000, 120_000)
"""For how long, the first time, the second time in a row, ..."""


class RouteRules(NamedTuple):
    """What the operator has decided for one provider."""

    per_second: float = 0.0
    """Messages; 0: any number."""
    per_originator: float = 0.0
    """The same, for each originator."""
    resend_uncertain: bool | None = None
    """Whether a message that may or may not have been taken is sent again; None: as the provider's type does."""
    failover_refusals: Sequence[str] | None = None
    """The codes of refusals, ours or the provider's, after which another provider is tried; None: of all that are not
    about the recipient."""
    failover_receipts: Sequence[str] = ()
    """The same of failed receipts."""
    costs: Mapping[str, float] = {}
    """ISO 3166 alpha-2 or `default` -> what a part costs, for comparison."""
    slow_after_s: float = 60.0
    """Receipts that take longer, as the half of them do, count as slow."""


USUAL = RouteRules()
_ABOUT_THE_RECIPIENT = {Reason.UNKNOWN_SUBSCRIBER, Reason.OPTED_OUT}


class Route:
    """Whether it is in service and well is known in this process only; how fast it is sent to, to all."""

    def __init__(self, provider: Provider, rules: RouteRules = USUAL) -> None:
        self.provider = provider
        self.rules = rules
        self.health = Health(provider.name, rules.slow_after_s)
        self.pace = Pace(provider.name, rules.per_second, rules.per_originator)
        self.is_paced = bool(rules.per_second or rules.per_originator)
        self.in_flight = 0
        """Messages that the provider has been handed and has not answered."""
        self.sends_twice = (
            provider.sends_twice_rather_than_never if rules.resend_uncertain is None else rules.resend_uncertain
        )
        self._failures = 0
        self._times_left = 0
        self.out_of_service_until_ms = 0

    @property
    def name(self) -> str:
        return self.provider.name

    def in_service(self, now_ms: int) -> bool:
        return now_ms >= self.out_of_service_until_ms

    def is_full(self, most: int) -> bool:
        """Whether the provider has as many messages unanswered as it may have."""
        return self.in_flight >= most

    def worked(self) -> None:
        self._failures = self._times_left = 0

    def failed(self, now_ms: int) -> bool:
        """One more chunk failed through the provider's fault. True if it is now left alone."""
        self._failures += 1
        if self._failures < FAILURES_TO_LEAVE:
            return False
        wait = LEFT_ALONE_MS[min(self._times_left, len(LEFT_ALONE_MS) - 1)]
        self._times_left += 1
        self._failures = FAILURES_TO_LEAVE - 1  # one more failure after the pause is enough
        self.out_of_service_until_ms = now_ms + wait
        return True

    def passes_on_refusal(self, reason: str | None, code: str | None) -> bool:
        """Whether another provider may take what this one refused."""
        if self.rules.failover_refusals is None:
            return reason not in _ABOUT_THE_RECIPIENT
        return _listed(self.rules.failover_refusals, reason, code)

    def passes_on_failure(self, code: str | None) -> bool:
        """Whether another provider may take at once what this one can't take for the moment."""
        return code is not None and _listed(self.rules.failover_refusals or (), code)

    def passes_on_receipt(self, reason: str | None, code: str | None) -> bool:
        """Whether another provider may have what this one did not deliver."""
        return _listed(self.rules.failover_receipts, reason, code)


def _listed(patterns: Sequence[str], *words: str | None) -> bool:
    return any(fnmatchcase(word or "", pattern) for word in words for pattern in patterns)
