"""Figures: what the parts of a process say of themselves to those who watch it, when somebody looks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import NamedTuple

ANSWERS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Bounds in seconds that suit how long the other side of a connection takes to answer."""


class Spread:
    """How long things took: how many were done within each of the bounds, and all of them together."""

    def __init__(self, bounds_s: Sequence[float] = ANSWERS_S) -> None:
        """Take the bounds in seconds, the shortest first."""
        self.bounds_s = bounds_s
        self.counts = [0] * (len(bounds_s) + 1)
        """How many took no longer than a bound and longer than the one before; in the end, than any."""
        self.total_s = 0.0

    def note(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(self.bounds_s, seconds)] += 1
        self.total_s += seconds


class Figure(NamedTuple):
    """One figure as it is now. Those of one name have the same labels' names, and few values of them."""

    name: str
    """Without `heliograph_` before it and `_total` behind it."""
    meaning: str
    value: float | Spread
    labels: Mapping[str, str]
    grows: bool = False
    """Whether it counts what has happened since the process began."""
