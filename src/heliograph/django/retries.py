"""Decides when a message that has met a passing failure is tried again."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.utils import timezone

from heliograph.django import conf
from heliograph.domain.retries import retry_at_ms


def next_attempt_at(attempts: int, created_at: datetime, after_ms: int | None = None) -> datetime | None:
    """Return when a message is tried again after `attempts` attempts; None if it would be too old by then.

    That is no sooner than `after_ms` ms from now, the provider's wish.
    """
    now = timezone.now()
    expires = created_at + timedelta(seconds=conf.get("MAX_SECONDS_TO_SEND"))
    at_ms = retry_at_ms(attempts, _ms(now), _ms(expires), random.random(), after_ms)  # noqa: S311 - jitter
    return None if at_ms is None else now + timedelta(milliseconds=at_ms - _ms(now))


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1_000)
