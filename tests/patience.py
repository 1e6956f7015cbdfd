"""How long tests wait."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TypeVar

HANG_S = 240.0
"""Seconds after which what has not come does not come. No limit for what is slow: everything that is waited for comes
within a second or two on a quick machine, and nothing is expected to be quick on a busy one."""

Found = TypeVar("Found")


def once_found(look: Callable[[], Found]) -> Found:
    """Look until something is there, for at most HANG_S, and return what was found last.

    For what follows an answer rather than precedes it: an inbound message is stored after the phone has sent it.
    """
    give_up = monotonic() + HANG_S
    while not (found := look()) and monotonic() < give_up:
        pass
    return found
