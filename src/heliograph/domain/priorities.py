"""Priorities: which messages go first where they wait for one another."""

from __future__ import annotations

from enum import IntEnum


class Priority(IntEnum):
    """How soon a message goes: smaller numbers leave the queue and each provider's line first."""

    URGENT = 0
    """Somebody is looking at the phone: one-time codes, and answers to what a recipient wrote."""
    NORMAL = 1
    LOW = 2
    """Marketing, which lets everything else go first."""
