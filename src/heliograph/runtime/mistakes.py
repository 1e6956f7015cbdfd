"""Mistakes in settings: which one it is, what it must be, and what was found.

`prices.currency must be an ISO 4217 code such as EUR, not "eu"`. A value that is read into a struct is described by the
struct itself, so that every field of every provider's table is told of in the same words. Tables of a list are counted
from one: `routes[1]` is the first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")

_PATH = re.compile(r" - at `(?:key` in `)?\$(?P<path>[^`]*)`$")
_NAMED = re.compile(r"`([^`]*)`")
_PLACE = re.compile(r"\.(\w+)|\[(\d+)\]|\[\.\.\.\]")
_INDEX = re.compile(r"\[(\d+)\]")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
LONGEST_SHOWN = 60


class Mistake(ValueError):
    """A value that can't be. Its text is a sentence without its end: `port must be at most 65535, not 70000`."""

    def __init__(self, path: str, told: str) -> None:
        """Make a mistake: `path` leads from the setting to the value (`` or `.sms.FR`), and `told` is said of it."""
        super().__init__(f"{path} {told}".strip())
        self.path = path
        self.told = told

    def under(self, name: str) -> Mistake:
        """Return the same mistake as one of a value inside of `name`."""
        return Mistake(f"{name}{self.path}", self.told)


class Mistakes(ValueError):
    """Everything that is wrong with settings, each for itself."""

    def __init__(self, found: Sequence[Mistake]) -> None:
        super().__init__("; ".join(map(str, found)))
        self.found = found


def must_be(wanted: str, found: Any, path: str = "") -> Mistake:
    """Make the mistake that says what a value must be, and what was found instead."""
    return Mistake(path, f"must be {wanted}, not {shown(found)}")


def shown(value: Any) -> str:
    """Write a value as a settings file would, cut where it is long."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = str(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


def convert(raw: Any, wanted: Any) -> Any:
    """Convert what a settings file says to the type `wanted`. Raises Mistake."""
    try:
        return msgspec.convert(raw, wanted)
    except msgspec.ValidationError as error:
        raise _mistake(str(error), raw, inspect.type_info(wanted)) from None


def _mistake(text: str, raw: Any, kind: inspect.Type) -> Mistake:
    where = _PATH.search(text)
    path = where["path"] if where else ""
    found, kind = _follow(raw, kind, path)
    path = _INDEX.sub(lambda index: f"[{int(index[1]) + 1}]", path.replace("[...]", ""))
    named = _NAMED.search(text)
    if "missing required field" in text and named:
        return Mistake(f"{path}.{named[1]}", f"must be given: {describe(_field(kind, named[1]))}")
    if "unknown field" in text:
        known = [field.encode_name for field in _fields(kind)]
        name = next(name for name in found if name not in known)
        return Mistake(f"{path}.{_key(name)}", f"is not a setting{nearest(name, known)}")
    return must_be(describe(kind), found, path)


def _key(name: str) -> str:
    """Write a key as TOML does: bare, or else in quotes."""
    return name if _BARE.fullmatch(name) else shown(name)


def nearest(name: str, known: Sequence[str]) -> str:
    """Say which of the `known` names may be meant, or list them."""
    near = get_close_matches(name, known, n=1)
    return f"; did you mean `{near[0]}`?" if near else f"; there are {', '.join(sorted(known))}"


def _follow(raw: Any, kind: inspect.Type, path: str) -> tuple[Any, inspect.Type]:
    """Go to the value at `path`, and to its type. A step that any key could be ends where it is."""
    for field, index in ((step[1], step[2]) for step in _PLACE.finditer(path)):
        if field:
            raw, kind = raw[field], _field(kind, field)
        elif index:
            raw, kind = raw[int(index)], _item(kind)
        else:
            kind = kind if not isinstance(kind, inspect.DictType) else inspect.AnyType()
    return raw, kind


def _field(kind: inspect.Type, name: str) -> inspect.Type:
    return next((field.type for field in _fields(kind) if field.encode_name == name), inspect.AnyType())


def _fields(kind: inspect.Type) -> Sequence[inspect.Field]:
    return next((one.fields for one in _alternatives(kind) if isinstance(one, inspect.StructType)), ())


def _item(kind: inspect.Type) -> inspect.Type:
    for one in _alternatives(kind):
        if isinstance(one, inspect.CollectionType):
            return one.item_type
    return inspect.AnyType()


def _alternatives(kind: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from _alternatives(one)
    elif isinstance(kind, inspect.Metadata):
        yield from _alternatives(kind.type)
    else:
        yield kind


def describe(kind: inspect.Type) -> str:
    """Say what may be written for a type, in the words of somebody who writes a settings file."""
    words = [_described(one) for one in _alternatives(kind) if not isinstance(one, inspect.NoneType)]
    return " or ".join(dict.fromkeys(words))


def _described(kind: inspect.Type) -> str:
    match kind:
        case inspect.LiteralType(values=values):
            return f"one of {', '.join(map(str, values))}"
        case inspect.EnumType(cls=cls):
            return f"one of {', '.join(str(each.value) for each in cls)}"
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return f"a whole number{_between(kind)}"
        case inspect.FloatType():
            return f"a number{_between(kind)}"
        case inspect.StrType(pattern=str(pattern)):
            return f"text that matches {pattern}"
        case inspect.StrType(min_length=int(shortest)):
            return f"text of at least {shortest} character{'' if shortest == 1 else 's'}"
        case inspect.StrType():
            return "text"
        case inspect.CollectionType(item_type=item):
            return f"a list, each of it {describe(item)}"
        case inspect.DictType(value_type=value):
            return f"a table, each value of it {describe(value)}"
        case inspect.StructType():
            return "a table"
        case _:
            return "something else"


def _between(kind: inspect.IntType | inspect.FloatType) -> str:
    bounds = ((kind.ge, "at least"), (kind.gt, "more than"), (kind.le, "at most"), (kind.lt, "less than"))
    told = [f"{words} {_plain(bound)}" for bound, words in bounds if bound is not None]
    return f" of {' and '.join(told)}" if told else ""


def _plain(bound: float) -> str:
    return f"{bound:g}"
