"""Each call of an API as a generator: it yields requests and is sent responses, and knows no transport.

What is worth writing once is in such generators: paths, decoding, errors, waiting, logging in again. The synchronous
and the asynchronous client of an API only drive them.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Self, TypeVar

import msgspec

from heliograph.domain import errors

T = TypeVar("T")


class Request(msgspec.Struct, frozen=True):
    method: str
    path: str
    """Behind the base URL, already percent-encoded."""
    query: Mapping[str, str] = {}
    body: bytes | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = {}
    waits_s: float = 0
    """How long the server may take before it answers, by this request's own wish."""
    preliminary: bool = False
    """It comes before the call proper, as a login does: what it is answered says nothing of what is asked."""


class Response(msgspec.Struct, frozen=True):
    status: int
    body: bytes
    headers: Mapping[str, str] = {}
    """Names in lower case."""


Call = Generator[Request, Response, T]


def encoded(body: object) -> bytes:
    """A request's body in JSON. TypeError for what can't be written in it.

    A string of another class than `str` is the string that it is: Django's templates make such ones.
    """
    return _encoder.encode(body)


def plain(value: object) -> str:
    """A string of whatever class as a `str`. TypeError for anything else."""
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"{type(value).__name__} can't be written in JSON")


_encoder = msgspec.json.Encoder(enc_hook=plain)


class RemoteError(Exception):
    """Another's server did not do what it was asked: the root of what clients of foreign APIs raise.

    Not one of our own errors: nobody who calls Heliograph is ever told one of these.
    """

    answer: Response | None = None
    """What the server answered; None: the error is not about one answer."""

    @property
    def vendor_code(self) -> str | None:
        """The server's own word for what is wrong; None: it has none."""
        return None

    def about(self, answer: Response) -> Self:
        """The same error, with the answer that it is about."""
        self.answer = answer
        return self


class Unreachable(errors.NotNow):
    """The server can't be reached."""

    code = "unreachable"
    hint = "Check the URL, and that the server runs."

    def __init__(self, message: str | None = None, *, written: bool = False, **facts: object) -> None:
        """`written`: the request may have arrived all the same; only the answer did not."""
        super().__init__(message, **facts)  # type: ignore[arg-type]
        self.written = written
