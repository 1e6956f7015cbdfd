"""Computes when a batch is due for each of its recipients, by the clock where the recipient is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from heliograph.domain.batches import Batch
from heliograph.domain.instants import from_ms, to_ms
from heliograph.numbers import time_zone_of

_MINUTES = 24 * 60


def has_one_time(batch: Batch) -> bool:
    """Say whether a batch is due for everybody at the same moment."""
    return not batch.options.local_time and batch.options.quiet is None


def due_times(batch: Batch, msisdns: Sequence[str]) -> list[int]:
    """Return when a batch is due for each recipient, in milliseconds since 1970, in the order given.

    Without a wish for local time or quiet hours that is `send_at` for everybody. A time that a clock skips in spring is
    read with the offset before the change, one that it shows twice in autumn is the first (PEP 495, fold 0).
    """
    if has_one_time(batch):
        return [to_ms(batch.send_at)] * len(msisdns)
    by_zone: dict[str, int] = {}
    due = []
    for msisdn in msisdns:
        zone = time_zone_of(msisdn)
        at = by_zone.get(zone)
        if at is None:
            at = by_zone[zone] = to_ms(_due(batch, ZoneInfo(zone)))
        due.append(at)
    return due


def _due(batch: Batch, zone: ZoneInfo) -> datetime:
    at = batch.send_at
    if batch.options.local_time:
        at = max(at.replace(tzinfo=zone), batch.created_at.astimezone(zone))
    if batch.options.quiet is None:
        return at
    return after_quiet(at.astimezone(zone), *batch.options.quiet)


def loud_at_ms(msisdn: str, now_ms: int, start: int, stop: int) -> int:
    """Return when the quiet hours are over where a number is; `now_ms` itself outside of them."""
    now = from_ms(now_ms).astimezone(ZoneInfo(time_zone_of(msisdn)))
    loud = after_quiet(now, start, stop)
    return now_ms if loud is now else to_ms(loud)


def after_quiet(at: datetime, start: int, stop: int) -> datetime:
    """Return `at` if it is outside the quiet hours, else the first moment after them by the same clock."""
    minute = at.hour * 60 + at.minute
    into = (minute - start) % _MINUTES
    length = (stop - start) % _MINUTES
    if into > length or not length:
        return at
    begin = at.replace(second=0, microsecond=0, tzinfo=None) + timedelta(minutes=length - into + 1)
    return begin.replace(tzinfo=at.tzinfo)
