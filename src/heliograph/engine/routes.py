"""A route: one provider, how fast it may be sent to, whether it is in service, and how well it is.

**In service or not.** A chunk that failed entirely through the provider's fault counts; any chunk that did not sets the
count back. After FAILURES_TO_LEAVE in a row the route is left alone, for a second at first; then it gets messages
again, and a single failure is enough to leave it once more, for longer, up to two minutes. Messages that could only go
by it wait in the store; others take their next route at once.

**Paused.** Whoever runs the installation can have nothing sent by a provider (`holding.py`). What could only go by it
waits at its line, until it is resumed or its validity ends; what has another route takes that.

**How fast.** Places are counted in the store, by all processes together (`store/pacing.py`). How many messages are in
flight each process knows for itself. That it leaves the route alone, and how well the provider is, it tells the others,
which do so, too (`news.py`). A process that starts, or that the others can't tell, finds it out after a few chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from heliograph.domain.statuses import Reason
from heliograph.engine.contract import Provider
from heliograph.engine.health import Health
from heliograph.store.pacing import Pace

FAILURES_TO_LEAVE = 5
"""How many chunks in a row must fail through the provider's fault before it is left alone."""
LEFT_ALONE_MS = (1_000, 5_000, 30_000, 120_000)
"""How long it is left alone the first time, the second time in a row, and so on; the last one repeats."""


class RouteRules(NamedTuple):
    """The operator's settings for one provider."""

    per_second: float = 0.0
    """Messages a second; 0: any number."""
    per_originator: float = 0.0
    """Messages a second from each originator; 0: any number."""
    resend_uncertain: bool | None = None
    """Whether a message that may or may not have been taken is sent again; None: as the provider's type does."""
    failover_refusals: Sequence[str] | None = None
    """Codes of refusals, ours or the provider's, after which another provider is tried.

    None: all that are not about the recipient.
    """
    failover_receipts: Sequence[str] = ()
    """Codes of failed receipts after which another provider is tried."""
    costs: Mapping[str, float] = {}
    """ISO 3166 alpha-2 code or `default` -> the price of a part, for comparison."""
    slow_after_s: float = 60.0
    """The provider counts as slow when its median receipt takes longer than this, in seconds."""


class RouteState(NamedTuple):
    """How a provider does."""

    name: str
    out_of_service_until_ms: int
    factor: float

    def word(self) -> str:
        """Write it for other processes: names of providers have no colon and no space."""
        return f"{self.name}:{self.out_of_service_until_ms}:{self.factor}"

    @classmethod
    def of(cls, word: str) -> RouteState:
        """Read what `word` has written. Raises ValueError."""
        name, until, factor = word.split(":")
        return cls(name, int(until), float(factor))


def _to_nobody(_route: Route) -> None:
    """Tell nobody, as where there is one process."""


USUAL = RouteRules()
_ABOUT_THE_RECIPIENT = {Reason.UNKNOWN_SUBSCRIBER, Reason.OPTED_OUT}


class Route:
    """One provider as messages go out by it."""

    def __init__(self, provider: Provider, rules: RouteRules = USUAL) -> None:
        self.provider = provider
        self.health = Health(provider.name, rules.slow_after_s)
        self.in_flight = 0
        """How many messages the provider has been handed and has not answered."""
        self._failures = 0
        self._times_left = 0
        self.out_of_service_until_ms = 0
        self.is_paused = False
        """Whether somebody has paused the provider; `routing.py` keeps it as the store says."""
        self.on_state: Callable[[Route], None] = _to_nobody
        """Called when other processes should know how it does: that it is left alone, or another factor."""
        self.health.on_concluded = lambda: self.on_state(self)
        self.renew(rules)

    @property
    def state(self) -> RouteState:
        return RouteState(self.name, self.out_of_service_until_ms, self.health.factor)

    def hear(self, state: RouteState) -> None:
        """Go by what another process says of the provider; of pauses the longer one holds."""
        self.out_of_service_until_ms = max(self.out_of_service_until_ms, state.out_of_service_until_ms)
        self.health.factor = state.factor

    def renew(self, rules: RouteRules) -> None:
        """Go by other rules from now on; how the provider does stays known."""
        self.rules = rules
        self.health.slow_after_s = rules.slow_after_s
        self.pace = Pace(self.provider.name, rules.per_second, rules.per_originator)
        self.is_paced = bool(rules.per_second or rules.per_originator)
        of_type = self.provider.sends_twice_rather_than_never
        self.sends_twice = of_type if rules.resend_uncertain is None else rules.resend_uncertain

    @property
    def name(self) -> str:
        return self.provider.name

    def in_service(self, now_ms: int) -> bool:
        return now_ms >= self.out_of_service_until_ms and not self.is_paused

    def is_full(self, most: int) -> bool:
        """Say whether the provider has as many messages unanswered as it may have."""
        return self.in_flight >= most

    def worked(self) -> None:
        self._failures = self._times_left = 0

    def failed(self, now_ms: int) -> bool:
        """Note that one more chunk failed through the provider's fault. Return True if it is left alone from now on."""
        self._failures += 1
        if self._failures < FAILURES_TO_LEAVE:
            return False
        wait = LEFT_ALONE_MS[min(self._times_left, len(LEFT_ALONE_MS) - 1)]
        self._times_left += 1
        self._failures = FAILURES_TO_LEAVE - 1  # one more failure after the pause is enough
        self.out_of_service_until_ms = now_ms + wait
        self.on_state(self)
        return True

    def passes_on_refusal(self, reason: str | None, code: str | None) -> bool:
        """Say whether another provider may take what this one refused."""
        if self.rules.failover_refusals is None:
            return reason not in _ABOUT_THE_RECIPIENT
        return _listed(self.rules.failover_refusals, reason, code)

    def passes_on_failure(self, code: str | None) -> bool:
        """Say whether another provider may take at once what this one can't take for the moment."""
        return code is not None and _listed(self.rules.failover_refusals or (), code)

    def passes_on_receipt(self, reason: str | None, code: str | None) -> bool:
        """Say whether another provider may have what this one did not deliver."""
        return _listed(self.rules.failover_receipts, reason, code)


def _listed(patterns: Sequence[str], *words: str | None) -> bool:
    return any(fnmatchcase(word or "", pattern) for word in words for pattern in patterns)
