"""Watching whether anything has been written to a server: what a failure means depends on it.

`watched()` opens a watch for what runs inside it, also in tasks that it starts; watches may be inside others. Drivers
note each request that may have arrived. A request that comes before the call proper (`Request.preliminary`: a login) is
not noted: whatever becomes of it, the call has not been made.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Watch:
    """A watch; `used` is true if something was written."""

    __slots__ = ("outer", "used")

    def __init__(self, outer: Watch | None) -> None:
        self.outer = outer
        self.used = False


_watch: ContextVar[Watch | None] = ContextVar("heliograph_written", default=None)


@contextmanager
def watched() -> Iterator[Watch]:
    """Watch what runs inside; the watch is given, and can be asked afterwards."""
    watch = Watch(_watch.get())
    token = _watch.set(watch)
    try:
        yield watch
    finally:
        _watch.reset(token)


def note_written() -> None:
    """Note that a request may have arrived, or that something else was done that can't be taken back."""
    watch = _watch.get()
    while watch is not None:
        watch.used = True
        watch = watch.outer


def may_be_written() -> bool:
    """Say whether something was written in the innermost watch. Outside of any nobody knows, and the answer is True."""
    watch = _watch.get()
    return watch is None or watch.used
