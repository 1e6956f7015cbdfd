"""Work that would hold up everybody if the event loop did it, done in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LARGE_BODY = 16 * 1024
"""How many bytes of a body are read in some milliseconds."""
MANY_NUMBERS = 1_000
"""How many numbers are read in some milliseconds."""


async def aside(is_large: bool, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what `work` does, or raise what it raises; in a thread if it is large, so that others are served."""
    return await asyncio.to_thread(work, *args, **kwargs) if is_large else work(*args, **kwargs)
