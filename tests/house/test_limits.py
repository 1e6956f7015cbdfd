"""Every list and every map of every request has a limit, and the page of limits says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect
from tests.doors.every_operation import EVERY, Served

from heliograph.api.wire import LookUp
from heliograph.domain.errors import RequestTooLarge, TooManyItems, TooManyRecipients
from heliograph.domain.lookups import MAX_LOOKUPS
from heliograph.doors.bodies import MAX_FIELDS, MAX_VALUES, MORE_PUNCTUATION, decode_json
from heliograph.doors.collections import Collection, collections_of
from heliograph.doors.door import ANONYMOUS_BODY
from heliograph.protocols.isendpro import wire as isendpro

PAGE = (Path(__file__).parents[2] / "docs" / "limits.md").read_text()
WITH_REQUESTS = [each for each in EVERY if each.operation.request is not None]


@pytest.mark.parametrize("served", WITH_REQUESTS, ids=str)
def test_every_list_and_map_of_a_request_has_a_limit(served: Served) -> None:
    assert [found.path for found in collections_of(served.operation.request) if found.most is None] == []


@pytest.mark.parametrize("served", [each for each in WITH_REQUESTS if not each.operation.form], ids=str)
def test_the_page_says_each_of_these_limits(served: Served) -> None:
    mount = served.mount.removesuffix("/api")  # smsdrop's dialects take the same
    name = f"{served.operation.method} {mount}{served.operation.path}"

    rows = {f"| `{name}` | `{path}` | {most:,} |" for path, most in collections_of(served.operation.request)}

    assert rows <= set(PAGE.splitlines())


def test_the_page_says_what_holds_for_all_requests() -> None:
    assert f"{ANONYMOUS_BODY // 1024} KiB" in PAGE
    assert all(f"{most:,}" in PAGE for most in (MAX_VALUES, MAX_FIELDS, isendpro.MAX_FIELDS, isendpro.MAX_NUMBERS))


def filled(kind: inspect.Type, steps: list[str], most: int) -> Any:
    """A value whose list or map at the end of `steps` has one item too many; what else is required is there."""
    match kind:
        case inspect.UnionType(types=types):
            inner = next(each for each in types if _leads(each, steps))
            return filled(inner, steps, most)
        case inspect.StructType(fields=fields):
            given = {each.encode_name: _least(each.type) for each in fields if each.required}
            (field,) = (each for each in fields if steps and each.encode_name == steps[0])
            return given | {field.encode_name: filled(field.type, steps[1:], most)}
        case inspect.DictType(value_type=inner):
            if not steps:
                return {f"k{place}": _least(inner) for place in range(most + 1)}
            return {"k": filled(inner, steps[1:], most)}
        case inspect.CollectionType(item_type=inner):
            return [filled(inner, steps[1:], most)] if steps else [_least(inner)] * (most + 1)
    raise AssertionError(kind)


def _leads(kind: inspect.Type, steps: list[str]) -> bool:
    wanted = "" if not steps else steps[0]
    if isinstance(kind, inspect.StructType):
        return wanted in {field.encode_name for field in kind.fields}
    if isinstance(kind, inspect.DictType):
        return wanted in {"", "{}"}
    return isinstance(kind, inspect.CollectionType) and wanted in {"", "[]"}


def _least(kind: inspect.Type) -> Any:
    match kind:
        case inspect.UnionType(types=types):
            return _least(types[0])
        case inspect.StructType(fields=fields):
            return {field.encode_name: _least(field.type) for field in fields if field.required}
        case inspect.DictType():
            return {}
        case inspect.CollectionType():
            return []
        case inspect.IntType() | inspect.FloatType():
            return 1
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.EnumType(cls=cls):
            return next(iter(cls)).value
    return "x"


def _steps(path: str) -> list[str]:
    return path.replace("[]", ".[]").replace("{}", ".{}").split(".")


CASES = {
    f"{served} {found.path}": (served.operation.request, found)
    for served in WITH_REQUESTS
    for found in collections_of(served.operation.request)
}


@pytest.mark.parametrize(("request_type", "found"), CASES.values(), ids=CASES)
def test_one_item_more_is_refused_with_the_name_of_its_field(request_type: Any, found: Collection) -> None:
    assert found.most is not None
    steps = _steps(found.path)
    document = msgspec.json.encode(filled(inspect.type_info(request_type), steps, found.most))

    with pytest.raises(TooManyItems) as refusal:
        decode_json(document, msgspec.json.Decoder(request_type))

    assert (refusal.value.field or "").startswith(steps[0])
    assert isinstance(refusal.value, TooManyRecipients) == (found.path == "to")


@pytest.mark.parametrize(("request_type", "found"), CASES.values(), ids=CASES)
def test_a_document_of_more_values_than_its_type_can_have_is_not_decoded(request_type: Any, found: Collection) -> None:
    """Which JSON it is not does not matter: it is not looked at."""
    with pytest.raises(RequestTooLarge):
        decode_json(b"[" + b"1," * MAX_VALUES + b"]", msgspec.json.Decoder(request_type))


def test_a_list_of_texts_is_not_built_to_be_counted() -> None:
    many = b'{"numbers":[' + b'"1",' * (MAX_LOOKUPS + MORE_PUNCTUATION + 10) + b"nothing that could be read"

    with pytest.raises(RequestTooLarge):
        decode_json(many, msgspec.json.Decoder(LookUp))
