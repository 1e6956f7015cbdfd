"""Calls of an API as generators: each yields requests and is sent responses, and knows no transport.

What is worth writing once is in such generators: paths, decoding, errors, waiting, logging in again. The synchronous
and the asynchronous client of an API only drive them.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Self, TypeVar

import msgspec

from heliograph.domain import errors

T = TypeVar("T")


class Request(msgspec.Struct, frozen=True):
    method: str
    path: str
    """The address behind the base URL, already percent-encoded."""
    query: Mapping[str, str] = {}
    body: bytes | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = {}
    waits_s: float = 0
    """How many seconds more the server may take before it answers, by this request's own wish."""
    timeout_s: float | None = None
    """How many seconds the server may take to answer, beside `waits_s`; None: as many as the transport says."""
    repeatable: bool = False
    """True if it does the same sent twice as sent once: it may be sent again where nobody knows whether it arrived."""
    preliminary: bool = False
    """True if it comes before the call proper, as a login does: its answer says nothing of what is asked."""
    file: Path | None = None
    """A file that is the body, and is read while it is sent."""


class Response(msgspec.Struct, frozen=True):
    status: int
    body: bytes
    headers: Mapping[str, str] = {}
    """Headers, with names in lower case."""


Call = Generator[Request, Response, T]


def encoded(body: object) -> bytes:
    """Encode a request's body in JSON. Raises TypeError for what can't be written in it.

    A string of another class than `str` is the string that it is: Django's templates make such ones.
    """
    return _encoder.encode(body)


def plain(value: object) -> str:
    """Return a string of whatever class as a `str`. Raises TypeError for anything else."""
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"{type(value).__name__} can't be written in JSON")


_encoder = msgspec.json.Encoder(enc_hook=plain)


class RemoteError(Exception):
    """Another's server did not do what it was asked: the root of what clients of foreign APIs raise.

    Not one of our own errors: nobody who calls Heliograph is ever told one of these.
    """

    answer: Response | None = None
    """The answer of the server; None: the error is not about one answer."""

    @property
    def vendor_code(self) -> str | None:
        """Return the server's own word for what is wrong; None if it has none."""
        return None

    def about(self, answer: Response) -> Self:
        """Note the answer that the error is about, and return the error."""
        self.answer = answer
        return self


class Unreachable(errors.NotNow):
    """The server can't be reached."""

    code = "unreachable"
    hint = "Check the URL, and that the server runs."

    def __init__(self, message: str | None = None, *, written: bool = False, **facts: object) -> None:
        """Make the error; `written` says that the request may have arrived all the same, and just no answer came."""
        super().__init__(message, **facts)  # type: ignore[arg-type]
        self.written = written
