"""A batch's options are the same in the hand and out of the store: providers sort messages by them."""

from __future__ import annotations

from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.batches import Options


def whole(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a struct, with each of its fields set."""
    return st.builds(kind, **{name: _values(hint) for name, hint in get_type_hints(kind).items()})


def _values(hint: Any) -> st.SearchStrategy[Any]:
    args = get_args(hint)
    if isinstance(hint, UnionType):
        return st.one_of(*map(_values, args))
    if get_origin(hint) is tuple and args[-1] is Ellipsis:
        return st.lists(_values(args[0]), max_size=3).map(tuple)
    if get_origin(hint) is tuple:
        return st.tuples(*map(_values, args))
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return whole(hint)
    if hint is int:
        return st.integers(-(2**31), 2**31)
    return st.floats(0, 1) if hint is float else st.from_type(hint)


@given(whole(Options))
def test_options_survive_being_stored_and_are_hashed_alike(options: Options) -> None:
    stored = msgspec.json.decode(msgspec.json.encode(options), type=Options)

    assert stored == options
    assert hash(stored) == hash(options)


@given(whole(Options))
def test_lists_that_options_are_made_with_are_no_lists_in_them(options: Options) -> None:
    listed = {name: list(value) for name, value in _fields(options) if isinstance(value, tuple)}

    for made in (Options(**dict(_fields(options)) | listed), msgspec.structs.replace(options, **listed)):
        assert made == options
        assert hash(made) == hash(options)


def _fields(options: Options) -> list[tuple[str, Any]]:
    return [(name, getattr(options, name)) for name in options.__struct_fields__]
