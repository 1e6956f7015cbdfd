"""What one process tells the others of its store, so that they look at once and not at their next look by themselves.

Nothing depends on it: whoever hears nothing, because the connection is down or a pooler stands between, looks every
half a second or second as before, and finds out by itself how a provider does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum


class News(StrEnum):
    MESSAGES = "messages"
    """There is something to send: for those that send."""
    EVENTS = "events"
    """There is something to call back: for those that send."""
    SESSIONS = "sessions"
    """There may be something for connected clients: for those that have some."""
    JOBS = "jobs"
    """There is something for the one that leads."""
    PAUSES = "pauses"
    """A provider was paused or resumed."""
    ROUTE = "route"
    """How a provider does, as the others should know it, too."""


class SharedEvent(asyncio.Event):
    """An event that other processes may have to hear of, too."""

    def __init__(self, tell: Callable[[], None]) -> None:
        """Call `tell` whenever it is set for all."""
        super().__init__()
        self._tell = tell

    def set(self) -> None:
        """Set it here, and tell the others."""
        super().set()
        self._tell()

    def set_here(self) -> None:
        """Set it in this process only."""
        super().set()
