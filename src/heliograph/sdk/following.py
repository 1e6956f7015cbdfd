"""Streams of events that go on when a connection ends: what is asked for, what was heard, when to ask again.

Whoever follows something asks for it, reads lines until the connection ends, and asks again from the last event that
came. Nothing comes twice, or is missing, but as the server says (`api/streams.py`).
"""

from __future__ import annotations

import random
import time
from typing import Generic, TypeVar

from heliograph.calling import Request, Response
from heliograph.domain.errors import HeliographError
from heliograph.sdk import calls
from heliograph.sdk.retrying import FIRST_S, LONGEST_S, Options

T = TypeVar("T")

_SILENT_S = 45.0
"""How long a server may say nothing, in seconds: it says every 15 that it is there."""
_SHORT_S = 1.0
"""A connection that ends sooner and has brought nothing is not asked for again at once."""


class Following(Generic[T]):
    """One stream, over as many connections as it takes."""

    def __init__(self, shape: type[T], options: Options, path: str, query: dict[str, str], after: str | None) -> None:
        self._shape, self._options, self._path, self._query = shape, options, path, query
        self._last = after
        self._failures = 0
        self._data: list[str] = []
        self._id = ""
        self._began = 0.0
        self._has_heard = False

    def request(self) -> Request:
        """Return what to ask for now."""
        self._data, self._id, self._has_heard, self._began = [], "", False, time.monotonic()
        headers = {"Accept": "text/event-stream"}
        if self._last is not None:
            headers["Last-Event-ID"] = self._last
        waits_s = max(0.0, _SILENT_S - self._options.timeout_s)
        return Request(
            "GET",
            self._path,
            self._query,
            headers=headers,
            waits_s=waits_s,
            timeout_s=self._options.timeout_s,
            repeatable=True,
        )

    def is_over(self, answer: Response) -> bool:
        """Say whether nothing will come any more. Raises the error that the server told."""
        if answer.status >= 400:
            raise calls.error_in(answer)
        return answer.status == 204

    def heard(self, line: str) -> T | None:
        """Take a line, and return the event that it ends, if it ends one."""
        self._failures = 0
        name, _, value = line.partition(":")
        if line:
            if name == "data":
                self._data.append(value.removeprefix(" "))
            elif name == "id":
                self._id = value.removeprefix(" ")
            return None
        data, self._data = "\n".join(self._data), []
        if not data:
            return None
        self._last, self._has_heard = self._id, True
        return calls.result(Response(200, data.encode()), self._shape)

    def failed(self, error: HeliographError) -> None:
        """Note that asking failed. Raises the error if asking again would not help, or has not helped so often."""
        self._failures += 1
        if not error.retryable or self._failures > self._options.max_retries:
            raise error

    def pause_s(self) -> float:
        """Return how long to wait before asking again, in seconds."""
        if self._failures:
            return random.uniform(0.5, 1.0) * min(FIRST_S * 2.0 ** (self._failures - 1), LONGEST_S)  # noqa: S311
        return 0.0 if self._has_heard else max(0.0, self._began + _SHORT_S - time.monotonic())


def followed(
    shape: type[T], options: Options, *path: str, after: str | None = None, **query: calls.QueryValue
) -> Following[T]:
    """Follow what is at a path, from the event `after` on."""
    return Following(shape, options, calls.path_of(*path), calls.query_of(**query), after)
