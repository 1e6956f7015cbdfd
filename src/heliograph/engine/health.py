"""How well a provider is: the share of what it fails, and how long its receipts take."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import structlog

log = structlog.get_logger(__name__)

WINDOW = 50
"""So many things are seen before anything is concluded from them."""
TOO_MANY_FAILURES = 0.25
LEAST = 1 / 16
"""A provider that is not well keeps this share of its weight, so that it is seen when it is well again."""


class Health:
    """Concludes after each so many messages. Counts in this process only."""

    def __init__(self, provider: str, slow_after_s: float) -> None:
        self._provider = provider
        self._slow_after_s = slow_after_s
        self._seen = 0
        self._failed = 0
        self._took_s: list[float] = []
        self.is_followed = False
        """Whether a route moves its weights by this."""
        self.factor = 1.0
        """What its weight is multiplied by: from 1/16 to 1."""

    def note(self, count: int = 1, *, failed: int, took_s: Sequence[float] = ()) -> None:
        """So many submits or receipts, and how many of them failed; `took_s` is how long receipts took."""
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
        elif slowness_s > self._slow_after_s:
            complaint = f"half of the last {len(self._took_s)} receipts took longer than {slowness_s:.0f} s"
        self._seen = self._failed = 0
        self._took_s.clear()
        factor = max(self.factor / 2, LEAST) if complaint else min(self.factor * 2, 1.0)
        if factor != self.factor and self.is_followed:
            log.warning(
                "traffic moved",
                provider=self._provider,
                share_of_weight=factor,
                reason=complaint or "it is well again",
            )
        self.factor = factor
