"""What tests install for themselves, and keep from one run to the next."""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


def installed(config: pytest.Config, name: str, wanted: str, install: Callable[[Path], None]) -> Path:
    """A directory that `install` has filled: now, unless an earlier run of this Python did, for the same `wanted`."""
    cache = config.cache
    assert cache is not None
    place = cache.mkdir(f"{name}-{sys.implementation.cache_tag}")
    mark = place.with_name(f"{place.name}.wanted")
    with place.with_name(f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests of another process may want it at the same time
        if not mark.exists() or mark.read_text() != wanted:
            install(place)
            mark.write_text(wanted)
    return place
