"""Values for any operation, made from its struct alone, so that one that is added later has some by itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import product
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect

from heliograph.protocols.isendpro.door.reading import FIGURES

Step = str | int
Path = tuple[Step, ...]

PHONE = "+33699999901"
_BY_NAME = (
    (("callback", "url", "target"), "https://example.org/told"),
    (("from", "sender", "emetteur", "originator"), "Acme"),
    (("phone", "number", "num", "recipient", "to", "msisdn", "add", "members", "contacts"), PHONE),
    (("send_at", "expire", "date", "until", "scheduled"), "2031-01-01T00:00:00Z"),
    (("country", "region"), "FR"),
    (("scopes",), "sms"),
    (("channel",), "sms"),
)


class NoSample(Exception):
    """Nothing is known of how to make a value of this type."""


class Sample(NamedTuple):
    """A value, and the places in it that have a text or a number."""

    value: Any
    leaves: list[Path]


def usual(name: str) -> str:
    """A text that a field of this name could have."""
    lower = name.lower()
    return next((value for hints, value in _BY_NAME if any(hint in lower for hint in hints)), "Hello")


def sample(shape: Any, *, everything: bool) -> Sample:
    """A value of this type, with all its fields or only with those that must be there. NoSample."""
    leaves: list[Path] = []
    value = _made(inspect.type_info(shape), "", (), leaves, everything)
    return Sample(value, leaves)


def _made(kind: inspect.Type, name: str, at: Path, leaves: list[Path], everything: bool) -> Any:
    match kind:
        case inspect.StructType():
            return {
                field.encode_name: _made(field.type, field.encode_name, (*at, field.encode_name), leaves, everything)
                for field in kind.fields
                if field.required or everything
            }
        case inspect.UnionType():
            # Unset and null say nothing; an object says more than a text.
            known = [each for each in kind.types if not isinstance(each, inspect.NoneType | inspect.CustomType)]
            known.sort(key=lambda each: not isinstance(each, inspect.StructType))
            return _made((known or [inspect.NoneType()])[0], name, at, leaves, everything)
        case inspect.Metadata():
            return _made(kind.type, name, at, leaves, everything)
        case inspect.CollectionType():
            return [_made(kind.item_type, name, (*at, 0), leaves, everything)]
        case inspect.DictType():
            key = _made(kind.key_type, name, (), [], everything)
            return {key: _made(kind.value_type, name, (*at, key), leaves, everything)}
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.EnumType():
            return next(iter(kind.cls)).value
        case inspect.BoolType():
            return False
        case inspect.NoneType():
            return None
        case inspect.BytesType():
            return "AAEC"
        case inspect.DateTimeType():
            return "2031-01-01T00:00:00Z"
        case inspect.StrType() | inspect.AnyType():
            leaves.append(at)
            text = usual(name)
            longest = getattr(kind, "max_length", None)
            return text if longest is None else text[:longest]
        case inspect.IntType() | inspect.FloatType():
            leaves.append(at)
            return kind.ge if kind.ge is not None else 1
    raise NoSample(f"{kind!r}, for the field {name!r}: say in tests/isolation/samples.py what it could be")


def with_leaf(value: Any, at: Path, leaf: Any) -> Any:
    """A copy of `value` that has `leaf` at the place `at`."""
    if not at:
        return leaf
    step, rest = at[0], at[1:]
    if isinstance(value, dict):
        return {**value, step: with_leaf(value[step], rest, leaf)}
    return [with_leaf(each, rest, leaf) if place == step else each for place, each in enumerate(value)]


CHOICES: Mapping[str, tuple[str, ...]] = {
    "repertoireEdit": ("create", "add", "del"),
    "subAccountEdit": ("addAccount", "setPrice", "addCredit", "setRestriction"),
    "Status": ("canceled", "approved"),
    "subAccountPrice": ("1",),
    "subAccountAddCredit": ("0.01",),
    "subAccountCountryCode": ("FR",),
    "date_deb": ("2025-01-01 00:00",),
    "date_fin": ("2099-01-01 00:00",),
    "Outcome": ("confirmed",),
    "SendAt": ("",),
    "ScheduleType": ("",),
    "ContentSid": ("",),
    "MessagingServiceSid": ("",),
    "CustomCode": ("",),
    "PageToken": ("",),
    "Code": ("123456",),
    "Channel": ("sms",),
    "date": ("",),
    "hour": ("",),
}
"""What fields of forms can be, where not any text will do."""


def could_name(field: str) -> bool:
    """Whether a field of a form is no mere switch or figure."""
    figure = FIGURES.get(field.lower())
    return field not in CHOICES and (figure is None or len(figure.allowed) > 1_000_000)


def forms(names: Collection[str]) -> list[dict[str, str]]:
    """Forms with all these fields, one for each way to choose where there is a choice."""
    options = [CHOICES.get(name, ("1",) if name.lower() in FIGURES else (usual(name),)) for name in names]
    return [{name: value for name, value in zip(names, chosen, strict=True) if value} for chosen in product(*options)]


def encoded(value: Any) -> bytes:
    return msgspec.json.encode(value)
