"""The lists and maps that a request can have, and how many items each may have."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import inf
from typing import Any, NamedTuple

from msgspec import inspect


class Collection(NamedTuple):
    """A list or a map somewhere in a request."""

    path: str
    """The names of fields on the way, with `[]` for an item of a list and `{}` for a value of a map."""
    most: int | None
    """How many items it may have; None: nothing bounds them."""


def collections_of(request: Any) -> list[Collection]:
    """List all lists and maps of a request's type, each once."""
    return list(dict.fromkeys(_within(inspect.type_info(request), "")))


def most_values(request: Any) -> float:
    """Return how many values a document of a request's type has at most.

    Each list, map and field is counted with what is in it; infinite where something in it can be anything.
    """
    return _counted(request)


@cache
def _counted(request: Any) -> float:
    return _most_values(inspect.type_info(request))


def _most_values(kind: inspect.Type) -> float:
    match kind:
        case inspect.UnionType(types=types):
            return max(_most_values(each) for each in types)
        case inspect.StructType(fields=fields):
            return 1 + sum(_most_values(field.type) for field in fields)
        case (
            inspect.DictType(value_type=inner, max_length=most)
            | inspect.CollectionType(item_type=inner, max_length=most)
        ):
            return 1 + (inf if most is None else most * _most_values(inner))
        case inspect.AnyType() | inspect.RawType():
            return inf
    return 1


def _within(kind: inspect.Type, path: str) -> Iterator[Collection]:
    match kind:
        case inspect.UnionType(types=types):
            for each in types:
                yield from _within(each, path)
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from _within(field.type, f"{path}.{field.encode_name}" if path else field.encode_name)
        case inspect.DictType(value_type=inner, max_length=most):
            yield Collection(path, most)
            yield from _within(inner, path + "{}")
        case inspect.CollectionType(item_type=inner, max_length=most):
            yield Collection(path, most)
            yield from _within(inner, path + "[]")
