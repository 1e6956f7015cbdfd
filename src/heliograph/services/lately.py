"""Answers that are good for a while: what takes long to find out is found out seldom, however many ask.

Sums over a month of messages are for people, who load a page again and again, several of them at once. An answer that
took a second to find is good for `GOOD_FOR` seconds: so all who look take a twentieth of the time of one reader of the
store, and on a small store everybody sees what is so at this moment. Who asks while it is being found waits for that.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

Answer = TypeVar("Answer")

GOOD_FOR = 20.0
"""How many times as long as it took to find an answer is good."""
LONGEST_S = 300.0
"""How long an answer is good at most, in seconds."""
MOST = 1_000
"""How many answers are kept: then all are forgotten."""


class _Found(NamedTuple, Generic[Answer]):
    until: float
    """By the monotonic clock."""
    answer: Answer


class Lately(Generic[Answer]):
    """Keeps answers by their questions."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._found: dict[str, _Found[Answer]] = {}
        self._asking: dict[str, asyncio.Lock] = {}

    async def get(self, question: str, find: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return the answer to a question, which `find` finds if there is none that is still good."""
        lock = self._asking.setdefault(question, asyncio.Lock())
        try:
            async with lock:
                known = self._found.get(question)
                if known is not None and known.until > self._clock():
                    return known.answer
                began = self._clock()
                answer = await find()
                ended = self._clock()
                if len(self._found) >= MOST:
                    self._found.clear()
                self._found[question] = _Found(ended + min(GOOD_FOR * (ended - began), LONGEST_S), answer)
                return answer
        finally:
            if not lock.locked():
                self._asking.pop(question, None)
