"""Reads where a page of a list begins, as the page before has said it."""

from __future__ import annotations

from heliograph.domain.bounded import count_in
from heliograph.domain.errors import InvalidField


def number_before(text: str | None) -> int | None:
    """Read a number that a page ended with; None for the first page. Raises InvalidField."""
    if text is None:
        return None
    number = count_in(text)
    if number is None:
        raise no_cursor()
    return number


def no_cursor() -> InvalidField:
    """Make the error for what no page has ended with."""
    return InvalidField("`before` must be what the page before had as `next`.", field="before")
