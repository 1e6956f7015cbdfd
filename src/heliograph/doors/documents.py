"""Making sense of JSON documents that are not quite of the type that is asked for.

A map has no order (RFC 8259, section 4), and PHP's `json_encode` writes an empty map as it writes an empty list: `[]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from msgspec import inspect

_HOLDS_OTHERS = (inspect.StructType, inspect.DictType, inspect.CollectionType, inspect.UnionType)

_type_info = cache(inspect.type_info)


def as_meant(document: Any, wanted: Any) -> Any:
    """Return the document as it was meant: `{}` for `[]` where the type `wanted` takes an empty map but no list.

    Every map is in the order of the type's fields, others behind them by name.
    """
    return _as_meant(document, _type_info(wanted))


def _as_meant(value: Any, wanted: inspect.Type) -> Any:
    if not isinstance(wanted, _HOLDS_OTHERS):
        return value
    kinds = wanted.types if isinstance(wanted, inspect.UnionType) else (wanted,)
    if isinstance(value, list):
        return _list(value, kinds)
    return _map(value, kinds) if isinstance(value, dict) else value


def _list(value: list[Any], kinds: Sequence[inspect.Type]) -> Any:
    for kind in kinds:
        if isinstance(kind, inspect.CollectionType):
            inner = kind.item_type
            too_long = kind.max_length is not None and len(value) > kind.max_length  # it is refused in any case
            walked = isinstance(inner, _HOLDS_OTHERS) and not too_long
            return [_as_meant(each, inner) for each in value] if walked else value
    return {} if not value and any(_may_be_empty(kind) for kind in kinds) else value


def _may_be_empty(kind: inspect.Type) -> bool:
    if isinstance(kind, inspect.StructType):
        return not any(field.required for field in kind.fields)
    return isinstance(kind, inspect.DictType) and not kind.min_length


def _map(value: dict[str, Any], kinds: Sequence[inspect.Type]) -> dict[str, Any]:
    for kind in kinds:
        if isinstance(kind, inspect.DictType):
            inner = kind.value_type
            if kind.max_length is not None and len(value) > kind.max_length:
                return value
            return {name: _as_meant(each, inner) for name, each in sorted(value.items())}
        if isinstance(kind, inspect.StructType) and kind.tag_field is None:  # no request chooses by a tag
            fields = {field.encode_name: field.type for field in kind.fields}
            known = {name: _as_meant(value[name], inner) for name, inner in fields.items() if name in value}
            return known | {name: value[name] for name in sorted(value.keys() - fields.keys())}
    return value
