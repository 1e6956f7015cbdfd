"""Caps: how much an account may send in a day and in a month, in messages and in money.

What counts is what was accepted, also if it is canceled or fails later: messages that were not refused from the start,
and what they were priced at. Days and months are those of UTC.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from heliograph.domain.instants import from_ms

_DAY_MS = 86_400_000


class Caps(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an account may send; None: as much as it likes."""

    day_messages: int | None = None
    day_amount: int | None = None
    """Millionths, as those of a month."""
    month_messages: int | None = None
    month_amount: int | None = None
    warn_percent: int = 80
    """The share of a cap from which on those who run the installation are warned."""

    @property
    def any(self) -> bool:
        """Say whether there is a cap at all."""
        caps = (self.day_messages, self.day_amount, self.month_messages, self.month_amount)
        return any(cap is not None for cap in caps)


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has sent in one day and one month; both are counted since 1970."""

    day: int
    day_messages: int = 0
    day_amount: int = 0
    month: int
    month_messages: int = 0
    month_amount: int = 0

    def at(self, now_ms: int) -> Usage:
        """Return what counts at this moment: a day or month that is over counts for nothing."""
        day, month = now_ms // _DAY_MS, month_of(now_ms)
        found = Usage(day=day, month=month)
        if self.day == day:
            found = msgspec.structs.replace(found, day_messages=self.day_messages, day_amount=self.day_amount)
        if self.month == month:
            found = msgspec.structs.replace(found, month_messages=self.month_messages, month_amount=self.month_amount)
        return found

    def plus(self, messages: int, amount: int) -> Usage:
        return msgspec.structs.replace(
            self,
            day_messages=self.day_messages + messages,
            day_amount=self.day_amount + amount,
            month_messages=self.month_messages + messages,
            month_amount=self.month_amount + amount,
        )


NO_USAGE = Usage(day=0, month=0)


class CapState(NamedTuple):
    """How much of one cap is used."""

    name: str
    """day_messages, day_amount, month_messages or month_amount"""
    cap: int
    used: int


def month_of(now_ms: int) -> int:
    """Count the months since January 1970, of UTC."""
    now = from_ms(now_ms)
    return (now.year - 1970) * 12 + now.month - 1


def states(caps: Caps, usage: Usage) -> list[CapState]:
    """List the caps that there are, with what is used of each."""
    names = ("day_messages", "day_amount", "month_messages", "month_amount")
    return [CapState(name, cap, getattr(usage, name)) for name in names if (cap := getattr(caps, name)) is not None]


def exceeded(caps: Caps, usage: Usage) -> CapState | None:
    """Find the first cap that a usage is more than; None if it is within all."""
    return next((state for state in states(caps, usage) if state.used > state.cap), None)


def neared(caps: Caps, before: Usage, after: Usage) -> list[CapState]:
    """List the caps of which a send has used the share that is warned of, and which was not used before it."""
    return [
        state
        for was, state in zip(states(caps, before), states(caps, after), strict=True)
        if 100 * was.used < caps.warn_percent * state.cap <= 100 * state.used
    ]
