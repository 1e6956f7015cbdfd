"""Our errors as the native API answers them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET

from heliograph.api import wire
from heliograph.domain.errors import HeliographError
from heliograph.numbers import InvalidRow


def invalid_numbers(rows: Sequence[InvalidRow]) -> list[wire.InvalidNumber]:
    return [wire.InvalidNumber(row=row.index + 1, number=row.text, reason=row.reason) for row in rows]


def shown_error(raised: HeliographError) -> wire.ErrorBody:
    invalid = raised.facts.get("invalid")
    return wire.ErrorBody(
        error=wire.ErrorDetail(
            code=raised.code,
            message=raised.message,
            hint=raised.hint,
            field=raised.field,
            retryable=raised.retryable,
            invalid=invalid_numbers(invalid) if isinstance(invalid, Sequence) else UNSET,
        )
    )
