"""What the resources of the native API have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from heliograph.domain.listing import Identified, Item
from heliograph.doors import Resource
from heliograph.doors.settings import DoorSettings
from heliograph.services.services import Services

PROTOCOL = "v1"
"""The name that batches and events of this API have in the store."""


class NativeResource(Resource):
    """A resource whose operations are calls of services."""

    def __init__(self, services: Services, settings: DoorSettings) -> None:
        self._services = services
        self._settings = settings


Item_contra = TypeVar("Item_contra", bound=Identified, contravariant=True)
Page_co = TypeVar("Page_co", covariant=True)


class Shape(Protocol[Item_contra, Page_co]):
    """The struct of a listing: its items, and where the next page begins."""

    def __call__(self, *, items: Sequence[Item_contra], next: str | None) -> Page_co: ...


def page(shape: Shape[Item, Page_co], items: Sequence[Item], limit: int) -> Page_co:
    """Give a page of a listing. It names the next one if it is full: `limit` is how many items were asked for."""
    return shape(items=items, next=items[-1].id if len(items) == limit else None)
