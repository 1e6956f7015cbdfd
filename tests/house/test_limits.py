"""Every list and every map of every request has a limit, and the page of limits says it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect
from tests.doors.every_operation import EVERY, Served

from heliograph.api.reports import LONGEST
from heliograph.api.wire import LookUp
from heliograph.domain.batches import MAX_TAGS
from heliograph.domain.errors import RequestTooLarge, TooManyItems, TooManyRecipients
from heliograph.domain.lengths import LONGEST_LABEL, LONGEST_VALUE, LONGEST_WORD
from heliograph.domain.lookups import MAX_LOOKUPS
from heliograph.domain.searching import MOST_WORDS
from heliograph.doors.bodies import (
    LOOKED_INTO_AGAIN,
    MAX_ESCAPES,
    MAX_FIELDS,
    MAX_VALUES,
    MORE_PUNCTUATION,
    decode_json,
)
from heliograph.doors.collections import Collection, collections_of
from heliograph.doors.door import ANONYMOUS_BODY
from heliograph.numbers.spelling import LONGEST_SPELLING
from heliograph.protocols.isendpro import wire as isendpro
from heliograph.protocols.smscx.door.placeholders import MOST_VALUES
from heliograph.runtime.settings import Settings
from heliograph.services.directory import LARGEST_SETTINGS
from heliograph.services.links import MOST_PERSONAL
from heliograph.services.waits import AT_ONCE
from heliograph.store.searching import MOST_ROWS

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


FOR_ALL = {
    "a body": f"{Settings().max_body_bytes // 1024**2} MiB",
    "a body of who has not said": f"{ANONYMOUS_BODY // 1024} KiB",
    "values in a JSON document": f"{MORE_PUNCTUATION:,}; never more than {MAX_VALUES:,}",
    "fields of a form": f"{MAX_FIELDS:,}; in requests of iSendPro {isendpro.MAX_FIELDS:,}",
    "octets of a form": f"{MAX_ESCAPES:,}",
    "values of a JSON document": f"{LOOKED_INTO_AGAIN:,}",
    "a text that is read as a phone number": f"{LONGEST_SPELLING} characters",
    "values of placeholders": f"{MOST_VALUES:,}",
    "addresses of links": f"{MOST_PERSONAL:,}",
    "numbers in one request of iSendPro": f"{isendpro.MAX_NUMBERS:,}; to look up {isendpro.MAX_LOOKUPS}",
    "words that are looked for": f"{MOST_WORDS}, in ",
    "texts and messages that one page": f"{MOST_ROWS:,}",
    "a sum of messages": f"{LONGEST.days} days",
    "tags of a batch": f"{MAX_TAGS:,}",
    "a name, a title": f"{LONGEST_LABEL} characters",
    "a value that fills in a name": f"{LONGEST_VALUE:,} characters",
    "a keyword of a group": f"{LONGEST_WORD} characters",
    "the settings of an application": f"{LARGEST_SETTINGS // 1024} KiB",
    "requests of one account that wait": f"{AT_ONCE} in each process",
}
"""How rows of the first table begin, and what the code says of each."""


@pytest.mark.parametrize("what", FOR_ALL)
def test_the_page_says_what_holds_for_all_requests(what: str) -> None:
    rows = [line for line in PAGE.splitlines() if re.match(rf"\| {re.escape(what)}\b", line)]

    assert any(f"{FOR_ALL[what]}" in row for row in rows)


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
