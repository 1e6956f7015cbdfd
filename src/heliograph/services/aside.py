"""Work that would hold up everybody if the event loop did it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LARGE_BODY = 16 * 1024
"""Bytes that are read in some milliseconds."""
MANY_NUMBERS = 1_000
"""Numbers that are read in some milliseconds."""


async def aside(is_large: bool, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Returns what `work` does, or raises what it raises; in a thread if it is large, so that others are served
    meanwhile."""
    return await asyncio.to_thread(work, *args, **kwargs) if is_large else work(*args, **kwargs)
