"""Repeats requests that may be repeated, and writes down what became of each.

A call (`calls.py`) yields requests and is sent answers; `retried` wraps one, and yields each request as often as it
takes, with pauses between. A request is sent again only if that can do no harm:

- it did not leave this machine, or the server refused it for its haste (429 with `Retry-After`): nothing was done;
- or it is `repeatable`: it reads, it sends under an idempotency key, or it sets what it sets, so that doing it twice is
  doing it once; and the server did not answer, or says that the same request may succeed later.

Everything else is told to the caller at once. A key is the same for all attempts of one call, so a message whose answer
was lost is found again by the next attempt, and not sent anew.
"""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Generator
from typing import TypeVar
from uuid import uuid4

import msgspec

from heliograph.api import wire
from heliograph.calling import Call, Request, Response, Unreachable, retry_after_s
from heliograph.calling.documents import from_json
from heliograph.domain.errors import WaitTimedOut
from heliograph.sdk.calls import REQUEST_ID

T = TypeVar("T")

log = logging.getLogger("heliograph.sdk")

FIRST_S = 0.25
"""The longest pause before the first repetition, in seconds; it doubles with each."""
LONGEST_S = 8.0
"""The longest pause that nobody asked for, in seconds."""
LONGEST_WISH_S = 60.0
"""The longest Retry-After that is waited for, in seconds; a longer one is told to the caller at once."""
_LATER = {502, 503, 504}
"""What proxies answer while the server behind them is away."""


class Options(msgspec.Struct, frozen=True):
    timeout_s: float
    """How long the server may take to answer one attempt, in seconds."""
    max_retries: int
    """How often a request is repeated at most."""

    def __post_init__(self) -> None:
        """Refuse what can be no option. Raises ValueError."""
        if not 0 < self.timeout_s < float("inf"):
            raise ValueError(f"timeout must be a number of seconds above 0, not {self.timeout_s!r}.")
        if self.max_retries < 0:
            raise ValueError(f"max_retries must be 0 or more, not {self.max_retries!r}.")


class Pause(msgspec.Struct, frozen=True):
    """A time to wait before the next request."""

    seconds: float


Steps = Generator[Request | Pause, Response | None, T]
"""What `retried` wants done; a request is answered, or Unreachable is thrown in."""


def retried(call: Call[T], options: Options) -> Steps[T]:
    """Run a call, and repeat what may be repeated. Raises what the call raises, and Unreachable."""
    request = next(call)
    while True:
        answer = yield from _answered(request, options)
        try:
            request = call.send(answer)
        except StopIteration as finished:
            result: T = finished.value
            return result


def _answered(request: Request, options: Options) -> Steps[Response]:
    for attempt in range(options.max_retries + 1):
        request_id = uuid4().hex
        headers = {**request.headers, REQUEST_ID: request_id}
        begun = time.perf_counter()
        failed = None
        try:
            answer = yield msgspec.structs.replace(request, headers=headers, timeout_s=options.timeout_s)
        except Unreachable as error:
            error.request_id, failed = request_id, error
            again = request.repeatable or not error.written
            wait_s = _backoff_s(attempt) if again else None
        else:
            assert answer is not None  # noqa: S101 - a request is answered, only a pause is not
            wait_s = None if answer.status < 400 else _pause_s(request, answer, attempt)
        _note(request, request_id, failed or answer, time.perf_counter() - begun)
        if wait_s is None or attempt == options.max_retries:
            if failed is not None:
                raise failed
            assert answer is not None  # noqa: S101 - as above
            return answer
        log.info("%s %s is repeated in %.2f s", request.method, shown(request.path), wait_s)
        yield Pause(wait_s)
    raise AssertionError("the last attempt returns or raises")


def _pause_s(request: Request, answer: Response, attempt: int) -> float | None:
    """Return how long to wait before the same request is sent again, in seconds; None if it must not be."""
    wish_s = retry_after_s(answer.headers)
    if wish_s is not None and wish_s > LONGEST_WISH_S:
        return None
    if not (answer.status == 429 and wish_s is not None) and not (request.repeatable and _may_succeed(answer)):
        return None
    return max(wish_s or 0.0, _backoff_s(attempt))


def _may_succeed(answer: Response) -> bool:
    """Say whether the same request may succeed later: the server says so, or it is a proxy that cannot know better."""
    try:
        told = from_json(answer.body, wire.ErrorBody).error
    except msgspec.DecodeError:
        return answer.status == 429 or answer.status in _LATER
    return told.retryable and told.code != WaitTimedOut.code


def _backoff_s(attempt: int) -> float:
    """Draw a pause, in seconds: clients that were turned away together do not come back together."""
    most = min(FIRST_S * 2**attempt, LONGEST_S)
    return random.uniform(most / 2, most)  # noqa: S311 - nobody gains by guessing it


def _note(request: Request, request_id: str, became: Response | Unreachable | None, took_s: float) -> None:
    """Log one attempt; never what it says, nor a query, where numbers and texts are searched for."""
    outcome = f"HTTP {became.status}" if isinstance(became, Response) else "no answer"
    milliseconds, path = round(took_s * 1_000), shown(request.path)
    log.debug("%s %s: %s after %d ms (request %s)", request.method, path, outcome, milliseconds, request_id)


_WORD = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_.-]+")


def shown(path: str) -> str:
    """Return a path as logs may have it: without phone numbers and e-mail addresses."""
    return "/".join(part if not part or _WORD.fullmatch(part) else "…" for part in path.split("/"))
