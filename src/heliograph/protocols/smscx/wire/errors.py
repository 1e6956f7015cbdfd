"""The body of every error."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from heliograph.protocols.smscx.wire.common import Wire


class ErrorDetail(Wire):
    type: str
    code: int
    message: str = ""
    uri: str = ""
    invalid: Sequence[str] | UnsetType = UNSET


class ErrorReply(Wire):
    error: ErrorDetail
    invalid: Sequence[str] | UnsetType = UNSET
