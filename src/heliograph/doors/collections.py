"""Which lists and maps a request can have, and how many items each may have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import inspect


class Collection(NamedTuple):
    """A list or a map somewhere in a request."""

    path: str
    """The names of fields on the way, with `[]` for an item of a list and `{}` for a value of a map."""
    most: int | None
    """Items that it may have; None: nothing bounds them."""


def collections_of(request: Any) -> list[Collection]:
    """All of a request's type, each once."""
    return list(dict.fromkeys(_within(inspect.type_info(request), "")))


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
