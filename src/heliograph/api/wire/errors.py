"""What is answered to a request that is refused."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType


class InvalidNumber(msgspec.Struct, kw_only=True):
    """What is no number in a list."""

    row: int
    """Its place, from 1."""
    number: str
    """As it was written."""
    reason: str


class ErrorDetail(msgspec.Struct, kw_only=True):
    code: str
    message: str
    hint: str
    field: str | None
    retryable: bool
    invalid: Sequence[InvalidNumber] | UnsetType = UNSET
    """Of a list of numbers: all that are none."""


class ErrorBody(msgspec.Struct, kw_only=True):
    error: ErrorDetail
