"""The OpenAPI document of a table of operations."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from heliograph.domain.accounts import Scope
from heliograph.domain.errors import HeliographError, first_sentence
from heliograph.doors.operations import Operation

Describe = Callable[[type[msgspec.Struct], str], str | None]
"""Says what a field of a struct means, by the name that it has in JSON."""

_PAID = {Scope.MESSAGES_SEND, Scope.NUMBERS, Scope.VERIFY, Scope.CONVERSATIONS}
_PROBLEM = "application/problem+json"
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeated with the same key within a day, the request is answered as it was the first time.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The `etag` of what was seen: the change is made to nothing else.",
    "schema": {"type": "string"},
}
_LAST_EVENT = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "description": "The last event that the client has: the stream goes on from there.",
    "schema": {"type": "string"},
}


def openapi_document(
    title: str,
    version: str,
    base_path: str,
    operations: Sequence[Operation],
    error: type[msgspec.Struct],
    *,
    describe: Describe,
    errors: Sequence[type[HeliographError]],
    places: Mapping[str, str],
) -> dict[str, Any]:
    """Write the OpenAPI 3.1 document of one door's operations, whose every error has the body `error`.

    `errors` are all that it may answer with; `places` says what the parameters of paths are.
    """
    types = {error} | {t for operation in operations for t in (operation.request, operation.response) if t is not None}
    schemas, components = msgspec.json.schema_components(list(types), ref_template="#/components/schemas/{name}")
    _describe_fields(components, types, describe)
    by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(base_path + operation.path, {})[operation.method.lower()] = _operation(
            operation, by_type, describe, places
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": _errors(errors, by_type[error]),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"bearer": []}],
    }


def _describe_fields(components: dict[str, Any], types: set[Any], describe: Describe) -> None:
    named: dict[str, type[msgspec.Struct]] = {}
    for kind in types:
        _collect(msgspec.inspect.type_info(kind), named)
    for name, schema in components.items():
        for field, its in schema.get("properties", {}).items():
            if "description" not in its and name in named and (words := describe(named[name], field)) is not None:
                its["description"] = words


def _collect(info: Any, named: dict[str, type[msgspec.Struct]]) -> None:
    """Find the structs in a type, by their names."""
    if isinstance(info, msgspec.inspect.StructType):
        if info.cls.__name__ in named:
            return
        named[info.cls.__name__] = info.cls
        for field in info.fields:
            _collect(field.type, named)
    for part in ("types", "item_types"):
        for inner in getattr(info, part, ()):
            _collect(inner, named)
    for part in ("item_type", "key_type", "value_type", "type"):
        if (inner := getattr(info, part, None)) is not None:
            _collect(inner, named)


def _errors(errors: Sequence[type[HeliographError]], body: Any) -> dict[str, Any]:
    """Describe the answers of each status by which a request can be refused."""
    by_status: defaultdict[int, list[type[HeliographError]]] = defaultdict(list)
    for kind in errors:
        by_status[kind.http_status].append(kind)
    return {
        _named(status): {
            "description": "\n".join(f"- `{kind.code}`: {first_sentence(kind)}" for kind in kinds),
            "content": {_PROBLEM: {"schema": body}},
        }
        for status, kinds in sorted(by_status.items())
    }


def _named(status: int) -> str:
    return f"Refused{status}"


def _operation(
    operation: Operation, by_type: dict[Any, Any], describe: Describe, places: Mapping[str, str]
) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": operation.summary or operation.name}
    if operation.response is not None:
        answer["content"] = {"application/json": {"schema": by_type[operation.response]}}
    if operation.files:
        answer["content"] = {media_type: {"schema": {"type": "string"}} for media_type in operation.files}
    answers = {str(operation.status): answer}
    if operation.is_stream:
        answers["204"] = {"description": "Nothing will come after the last event that the client has."}
    if operation.status == 201:
        answers["200"] = answer | {"description": "The same request was made before; this is what it made."}
    refusals = {str(status): {"$ref": f"#/components/responses/{_named(status)}"} for status in _refused(operation)}
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": "Open to anybody." if operation.scope is None else f"Needs the scope `{operation.scope}`.",
        "parameters": _parameters(operation, describe, places),
        "responses": answers | refusals,
    }
    if operation.scope is None:
        described["security"] = []
    if operation.request is not None:
        described["requestBody"] = {
            "required": not operation.may_be_empty,
            "content": {"application/json": {"schema": by_type[operation.request]}},
        }
    elif operation.upload:
        described["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    return described


def _refused(operation: Operation) -> list[int]:
    """List the statuses by which an operation may be refused."""
    found = {400, 404, 405, 500, 503}
    if operation.scope is None:
        found |= {401, 403, 502}
    else:
        found |= {401, 403, 429}
    if operation.query is not None and "timeout_s" in operation.query.__struct_fields__:
        found |= {408}
    if operation.method != "GET":
        found |= {409, 413, 415} | ({412} if operation.conditional else set())
        if operation.scope in _PAID:
            found |= {402}
    return sorted(found)


def _parameters(operation: Operation, describe: Describe, places: Mapping[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "description": places[name], "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    query = operation.query
    if query is not None:
        schema = msgspec.json.schema(query)["$defs"][query.__name__]
        required = schema.get("required", [])
        found += [
            {
                "name": name,
                "in": "query",
                "required": name in required,
                "description": describe(query, name),
                "schema": property_schema,
            }
            for name, property_schema in schema["properties"].items()
        ]
    if operation.method != "GET" and operation.scope is not None:
        found.append(_KEY)
    if operation.conditional:
        found.append(_IF_MATCH)
    if operation.is_stream:
        found.append(_LAST_EVENT)
    return found
