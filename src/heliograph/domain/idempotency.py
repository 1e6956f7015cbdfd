"""Requests that are carried out once, however often they come.

A request that names a key in a header is answered as it was the first time (`doors/idempotency.py`). What it sends
bears a key of its own, made from that one, so that it is sent once even if the process died before the answer was kept:
the batch and its key are one commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import NamedTuple

KEPT_MS = 24 * 3_600_000
"""How long a key is remembered; after that it is a new one."""


class Begun(NamedTuple):
    """A request under a key."""

    at_ms: int
    """When it was begun for the first time, in milliseconds since 1970."""
    answer: str | None
    """What was answered then; None: it is to be carried out now."""


_keys: ContextVar[Iterator[str] | None] = ContextVar("_keys", default=None)


@contextmanager
def under_key(key: str, begun: Begun) -> Iterator[None]:
    """Give each batch that is made within a key, the same whenever the request is carried out."""
    token = _keys.set(f"{key}@{begun.at_ms}#{number}" for number in count())
    try:
        yield
    finally:
        _keys.reset(token)


def next_key() -> str | None:
    """Return the key for the next batch of the request that is being carried out; None if it has none."""
    keys = _keys.get()
    return None if keys is None else next(keys)
