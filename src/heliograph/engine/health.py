"""The health of a provider: the share of what it fails, and how long its receipts take.

**The problem.** Weights say how traffic is shared between providers that can all reach a number. A provider that goes
bad without going away (it refuses more than usual, or its receipts crawl) should get less until it is well again, and
nobody should have to notice first. A provider that does not work at all is another matter: `routes.py` leaves it alone.

**How it works.** Each submit and each receipt is noted as it comes, failed or not, a receipt also with how long it
took. After WINDOW of them there is a conclusion, and counting begins anew. A bad conclusion (more than a quarter
failed, or the median receipt was too slow) halves the factor, down to a sixteenth; a good one doubles it, up to 1. So
it falls as quickly as it rises, and no single failure moves anything.

**Why never to 0.** The factor is judged by what is sent: a provider that got nothing could never be seen to be well.

**What is kept.** Nothing is stored. Every process concludes from what it has seen itself, tells the others what it has
concluded, and takes their factor for its own; one that starts begins with 1. The factor is counted for every provider
and shown in the metrics; traffic moves only for rules with `follow_health`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

import structlog

log = structlog.get_logger(__name__)

WINDOW = 50
"""How many submits and receipts are seen before anything is concluded from them."""
TOO_MANY_FAILURES = 0.25
LEAST = 1 / 16
"""A provider that is not well keeps this share of its weight, so that it is seen when it is well again."""


def _to_nobody() -> None:
    """Tell nobody, as where there is one process."""


class Health:
    """The health of one provider, as this process has seen it."""

    def __init__(self, provider: str, slow_after_s: float) -> None:
        """Count for a provider whose receipts are slow if half of them take longer than `slow_after_s` seconds."""
        self._provider = provider
        self.slow_after_s = slow_after_s
        self._seen = 0
        self._failed = 0
        self._took_s: list[float] = []
        self.is_followed = False
        """True if a rule moves its weights by this health."""
        self.factor = 1.0
        """The number that the provider's weight is multiplied by: from 1/16 to 1."""
        self.on_concluded: Callable[[], None] = _to_nobody
        """Called when the factor has become another by what was seen here."""

    def note(self, count: int = 1, *, failed: int, took_s: Sequence[float] = ()) -> None:
        """Count submits or receipts, and how many of them failed; `took_s` has how many seconds receipts took."""
        self._seen += count
        self._failed += failed
        self._took_s.extend(took_s)
        if self._seen >= WINDOW:
            self._conclude()

    def _conclude(self) -> None:
        share = self._failed / self._seen
        slowness_s = median(self._took_s) if self._took_s else 0.0
        complaint = None
        if share > TOO_MANY_FAILURES:
            complaint = f"{self._failed} of the last {self._seen} failed"
        elif slowness_s > self.slow_after_s:
            complaint = f"half of the last {len(self._took_s)} receipts took longer than {slowness_s:.0f} s"
        self._seen = self._failed = 0
        self._took_s.clear()
        # Halved and doubled, not added to: from any depth it is back after as many good conclusions as there were bad.
        factor = max(self.factor / 2, LEAST) if complaint else min(self.factor * 2, 1.0)
        if factor != self.factor and self.is_followed:
            log.warning(
                "traffic moved",
                provider=self._provider,
                share_of_weight=factor,
                reason=complaint or "it is well again",
            )
        if factor != self.factor:
            self.factor = factor
            self.on_concluded()
