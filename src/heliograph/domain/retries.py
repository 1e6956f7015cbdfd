"""Decides when an attempt that met a passing failure is repeated."""

from __future__ import annotations

FIRST_DELAY_MS = 1_000
LONGEST_DELAY_MS = 15 * 60_000


def retry_at_ms(
    attempts: int, now_ms: int, expire_at_ms: int, jitter: float, after_ms: int | None = None
) -> int | None:
    """Return when to try again after that many attempts (1 or more), in ms since 1970; None: not at all.

    The wait doubles from one second to a quarter of an hour, and is made up to half as long again by `jitter` (0 to 1),
    so that what failed together does not come back together. A provider's own wish, `after_ms`, is honoured when it is
    longer. Nothing is tried after its validity has ended.
    """
    wait = min(FIRST_DELAY_MS << min(attempts - 1, 10), LONGEST_DELAY_MS)
    wait = max(round(wait * (1 + jitter / 2)), after_ms or 0)
    at = now_ms + wait
    return at if at < expire_at_ms else None
