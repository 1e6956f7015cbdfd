"""What long-running commands have in common: they stop between two messages, not in one."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

from heliograph.django import conf


class Stopping:
    """A context in which SIGTERM and SIGINT ask to stop instead of ending the process."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for each in (signal.SIGTERM, signal.SIGINT):
                self._before[each] = signal.signal(each, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked.set()

    @property
    def wanted(self) -> bool:
        """Say whether a signal or the project's own function has asked to stop."""
        return self._asked.is_set() or conf.is_shutting_down()

    def wait(self, seconds: float) -> None:
        """Wait for so many seconds, or until a signal asks to stop."""
        self._asked.wait(seconds)
