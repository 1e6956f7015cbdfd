"""What commands that list things have in common: since and until when, and how many."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from heliograph.domain.durations import expiry_in, moment_in
from heliograph.domain.errors import InvalidField

_LARGEST_PAGE = 1_000


def _instant(text: str) -> datetime:
    """Read an instant of ISO 8601, in UTC where it has no offset, or how long ago it is, such as 7d."""
    try:
        return moment_in(text, datetime.now(UTC), "time")
    except InvalidField as error:
        raise typer.BadParameter(error.message) from error


def later_instant(text: str) -> datetime:
    """Read an instant of ISO 8601, in UTC where it has no offset, or in how long it is, such as 2h."""
    try:
        return expiry_in(text, datetime.now(UTC), "time")
    except InvalidField as error:
        raise typer.BadParameter(error.message) from error


SinceOption = Annotated[
    datetime | None, typer.Option(parser=_instant, metavar="INSTANT", help="Not before: a date, an instant, or 7d ago.")
]
UntilOption = Annotated[
    datetime | None, typer.Option(parser=_instant, metavar="INSTANT", help="Before: a date, an instant, or 7d ago.")
]
LimitOption = Annotated[int, typer.Option(min=1, help="How many at most.")]
AllOption = Annotated[bool, typer.Option("--all", help="All there are.")]


def limit_of(limit: int, everything: bool) -> int | None:
    """Return how many are wanted; None for all."""
    return None if everything else limit


def page_of(limit: int | None, largest: int = _LARGEST_PAGE) -> int:
    """Return how many to ask for at once."""
    return largest if limit is None else min(limit, largest)
