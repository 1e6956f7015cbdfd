"""Pages of lists, as services hand them to doors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar


class Identified(Protocol):
    """What a list has: rows that are told apart, and ordered, by an identifier."""

    @property
    def id(self) -> str: ...


Item = TypeVar("Item", bound=Identified)


class Listed(NamedTuple, Generic[Item]):
    """A page of a list, newest first."""

    items: Sequence[Item]
    next: str | None
    """The identifier before which the next page begins; None if there is no next page."""
