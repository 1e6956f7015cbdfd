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
    message: str
    hint: str
    field: str | None
    retryable: bool
    invalid: Sequence[InvalidNumber] | UnsetType = UNSET
    """All entries of a list of numbers that are not numbers."""


class ErrorBody(msgspec.Struct, kw_only=True):
    error: ErrorDetail
