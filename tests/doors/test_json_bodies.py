"""What a request's JSON means does not depend on how the caller's language writes it: for every operation of every
door."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from heliograph.api.operations import OPERATIONS as NATIVE
from heliograph.domain.errors import RequestError
from heliograph.doors.bodies import decode_json
from heliograph.protocols.isendpro.door.operations import OPERATIONS as ISENDPRO
from heliograph.protocols.smscx.door.operations import OPERATIONS as SMSCX
from heliograph.protocols.smsdrop.door.operations import OPERATIONS as SMSDROP
from heliograph.protocols.xms.door.operations import OPERATIONS as XMS

REQUESTS = {
    f"{door}: {operation.name}": operation.request
    for door, operations in {
        "native": NATIVE,
        "isendpro": ISENDPRO,
        "smscx": SMSCX,
        "smsdrop": SMSDROP,
        "xms": XMS,
    }.items()
    for operation in operations
    if operation.request is not None and not operation.form
}
EVERY = pytest.mark.parametrize("request_type", REQUESTS.values(), ids=REQUESTS)

#: There are many operations, and their types have much in common.
briefly = settings(max_examples=15, deadline=None)

texts = st.sampled_from(["", "x", "12345", "+33612345678", "2030-01-01T00:00:00Z", "AAEC"])
scalars = st.none() | st.booleans() | st.integers(-1, 99) | texts
wrong = scalars | st.lists(scalars, max_size=2) | st.dictionaries(texts, scalars, max_size=2)


def values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Values of a type, nearly: lengths and limits are not minded."""
    match kind:
        case inspect.UnionType(types=types):
            maps = [each for each in types if isinstance(each, inspect.DictType)]
            if maps and any(isinstance(each, inspect.ListType) for each in types):  # the door itself asks which it is
                return st.dictionaries(texts, scalars, min_size=1, max_size=2)
            return st.one_of([values(each) for each in types])
        case inspect.StructType(fields=fields):
            required = {field.encode_name: values(field.type) for field in fields if field.required}
            optional = {field.encode_name: values(field.type) for field in fields if not field.required}
            return st.fixed_dictionaries(required, optional=optional)
        case inspect.DictType(value_type=inner):
            return st.dictionaries(texts, values(inner), max_size=3)
        case inspect.CollectionType(item_type=inner):
            return st.lists(values(inner), max_size=3)
        case inspect.LiteralType(values=words):
            return st.sampled_from(words)
        case inspect.EnumType(cls=enum):
            return st.sampled_from([each.value for each in enum])
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            return st.integers(0, 99)
        case inspect.FloatType(gt=None, lt=None):
            return st.sampled_from([0, 0.5, 1])
        case inspect.FloatType():  # between two that are not in it
            return st.just(0.5)
        case inspect.NoneType():
            return st.none()
        case inspect.AnyType() | inspect.RawType():
            return scalars
        case _:
            return texts


def documents(request_type: Any) -> st.SearchStrategy[Any]:
    return values(inspect.type_info(request_type))


def spoiled(document: Any, names: list[Any], value: Any) -> Any:
    """The document with one thing in it, or beside what is in it, that does not belong there."""
    if not isinstance(document, dict) or not names:
        return document
    name, *rest = names
    return document | {name: spoiled(document[name], rest, value) if rest and name in document else value}


def shuffled(value: Any, order: random.Random) -> Any:
    if isinstance(value, list):
        return [shuffled(each, order) for each in value]
    if isinstance(value, dict):
        names = sorted(value)
        order.shuffle(names)
        return {name: shuffled(value[name], order) for name in names}
    return value


def as_php_writes_it(value: Any) -> Any:
    """An empty map and an empty list are the same there."""
    if isinstance(value, list):
        return [as_php_writes_it(each) for each in value]
    if isinstance(value, dict):
        return {name: as_php_writes_it(each) for name, each in value.items()} or []
    return value


def read(request_type: Any, body: bytes) -> Any:
    """What a request is read as, or what is told of it."""
    try:
        return decode_json(body, msgspec.json.Decoder(request_type))
    except RequestError as error:
        return type(error), error.message, error.field


@EVERY
@briefly
@given(data=st.data(), order=st.randoms(use_true_random=False))
def test_the_order_of_keys_means_nothing(request_type: Any, data: st.DataObject, order: random.Random) -> None:
    document = data.draw(documents(request_type))
    if isinstance(document, dict):
        names = [data.draw(st.sampled_from(sorted(document)) | texts)] if document else ["x"]
        document = data.draw(st.just(document) | wrong.map(lambda value: spoiled(document, names, value)))

    assert read(request_type, json.dumps(shuffled(document, order)).encode()) == read(
        request_type, json.dumps(document).encode()
    )


@EVERY
@briefly
@given(data=st.data())
def test_an_empty_list_is_an_empty_map_where_that_is_meant(request_type: Any, data: st.DataObject) -> None:
    document = data.draw(documents(request_type))
    meant = read(request_type, json.dumps(document).encode())
    assume(not isinstance(meant, tuple))

    assert read(request_type, json.dumps(as_php_writes_it(document)).encode()) == meant


@EVERY
@briefly
@given(data=st.data())
def test_a_byte_order_mark_means_nothing(request_type: Any, data: st.DataObject) -> None:
    body = json.dumps(data.draw(documents(request_type))).encode()

    assert read(request_type, b"\xef\xbb\xbf" + body) == read(request_type, body)


class Inner(msgspec.Struct):
    needed: int


class Outer(msgspec.Struct):
    table: dict[str, dict[str, int]] | None = None
    either: dict[str, int] | list[int] | None = None
    names: list[str] = []
    inner: Inner | None = None


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        (b"[]", Outer()),
        (b'{"table": []}', Outer(table={})),
        (b'{"table": {"a": [], "b": {"c": 1}}}', Outer(table={"a": {}, "b": {"c": 1}})),
        (b'{"either": [], "table": []}', Outer(table={}, either=[])),
        (b'{"names": [], "table": []}', Outer(table={})),
        (b'{"names": 5, "names": ["x"]}', Outer(names=["x"])),
    ],
)
def test_a_document_is_read_as_it_is_meant(body: bytes, meant: Outer) -> None:
    assert read(Outer, body) == meant


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"inner": []}', "inner"),
        (b'{"table": ["x"]}', "table"),
        (b'{"table": {"a": ["x"]}}', "table[...]"),
        (b'{"names": {}}', "names"),
        (b'{"inner": {"needed": "x"}, "table": 5}', "table"),
    ],
)
def test_what_can_not_be_meant_is_named(body: bytes, field: str) -> None:
    assert read(Outer, body)[2] == field
