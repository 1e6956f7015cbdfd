"""The answer to a request that is refused."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType


class InvalidNumber(msgspec.Struct, kw_only=True):
    """An entry in a list of numbers that is not one."""

    row: int
    """Its place in the list, from 1."""
    number: str
    """The entry as it was written."""
    reason: str


class ErrorDetail(msgspec.Struct, kw_only=True):
    code: str
    """A word for the kind of error, which stays the same: programs look at this."""
    message: str
    """What was wrong, as a sentence."""
    hint: str
    """What can be done about it, as a sentence."""
    field: str | None
    """The field that is wrong; null if it is not about one."""
    retryable: bool
    """Whether the same request may succeed later."""
    invalid: Sequence[InvalidNumber] | UnsetType = UNSET
    """All entries of a list of numbers that are not numbers."""


class ErrorBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What was wrong, as a problem of RFC 9457; `error` has the same for programs, in our own words."""

    type: str = "about:blank"
    """Which kind of problem it is: `urn:heliograph:error:` and the code."""
    title: str = ""
    """The kind of problem as a sentence, the same for each problem of this kind."""
    status: int = 0
    """The HTTP status of the answer."""
    detail: str = ""
    """What was wrong with this request, as a sentence."""
    request_id: str = ""
    """The name of the request in the server's log, also in the header `X-Request-Id`."""
    error: ErrorDetail
