"""Reading JSON that foreign servers write."""

from __future__ import annotations

from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")


@overload
def from_json(document: bytes | str) -> Any: ...


@overload
def from_json(document: bytes | str, shape: type[T]) -> T: ...


def from_json(document: bytes | str, shape: Any = Any) -> Any:
    """Decode a document. Raises msgspec.DecodeError if it is no JSON of this shape, or nests too deep.

    Raises UnicodeDecodeError for texts that are not UTF-8.
    """
    try:
        return msgspec.json.decode(document, type=shape)
    except RecursionError as error:
        raise msgspec.DecodeError("it nests too deep") from error
