"""A line: one provider, how fast it may be sent to, and whether it is in service."""

from __future__ import annotations

from heliograph.domain.messages import Waiting
from heliograph.protocols.contract import Provider

FAILURES_TO_LEAVE = 5
"""Chunks in a row that failed through the provider's fault before it is left alone."""
LEFT_ALONE_MS = (1_000, 5_000, 30_000, 120_000)
"""For how long, the first time, the second time in a row, ..."""

BURST_MS = 100
"""Messages whose place is no further away than this go at once, so that pacing does not mean one message a claim."""


class Line:
    """Counts in this process only."""

    def __init__(self, provider: Provider, per_second: float | None = None) -> None:
        self.provider = provider
        self._interval_ms = None if per_second is None else 1_000 / per_second
        self._free_at_ms = 0.0
        """The first place that no message has taken."""
        self._promised_until_ms = 0.0
        """The first place that no message has been told to come back for."""
        self._failures = 0
        self._times_left = 0
        self.out_of_service_until_ms = 0

    def admit(self, now_ms: int) -> tuple[Waiting, int] | None:
        """Takes a place for one message: None if it may go now, else why it may not and when to ask again.

        A message that has to wait takes no place: it is told one further on, and asks again when that has come.
        """
        if now_ms < self.out_of_service_until_ms:
            return Waiting.OUT_OF_SERVICE, self.out_of_service_until_ms
        if self._interval_ms is None:
            return None
        place = max(self._free_at_ms, now_ms)
        if place <= now_ms + BURST_MS:
            self._free_at_ms = place + self._interval_ms
            return None
        place = max(self._promised_until_ms, place)
        self._promised_until_ms = place + self._interval_ms
        return Waiting.PACED, int(place)

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
