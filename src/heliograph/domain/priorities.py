"""Who goes first where messages wait for one another."""

from __future__ import annotations

from enum import IntEnum


class Priority(IntEnum):
    """The smaller number is taken first, from the queue and from each provider's line."""

    URGENT = 0
    """Somebody is looking at the phone: one-time codes, and answers to what a recipient wrote."""
    NORMAL = 1
    LOW = 2
    """Marketing."""
