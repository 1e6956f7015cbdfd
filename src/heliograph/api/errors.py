"""Our errors as the native API answers them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET

from heliograph.api import wire
from heliograph.domain.errors import HeliographError, first_sentence
from heliograph.numbers import InvalidRow


def invalid_numbers(rows: Sequence[InvalidRow]) -> list[wire.InvalidNumber]:
    return [wire.InvalidNumber(row=row.index + 1, number=row.text, reason=row.reason) for row in rows]


def shown_error(raised: HeliographError, request_id: str = "") -> wire.ErrorBody:
    invalid = raised.facts.get("invalid")
    return wire.ErrorBody(
        type=f"urn:heliograph:error:{raised.code}",
        title=first_sentence(type(raised)),
        status=raised.http_status,
        detail=raised.message,
        request_id=request_id,
        error=wire.ErrorDetail(
            code=raised.code,
            message=raised.message,
            hint=raised.hint,
            field=raised.field,
            retryable=raised.retryable,
            invalid=invalid_numbers(invalid) if isinstance(invalid, Sequence) else UNSET,
        ),
    )
