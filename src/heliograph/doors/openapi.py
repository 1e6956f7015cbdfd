"""The OpenAPI document of a table of operations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from heliograph.doors.operations import Operation


def openapi_document(
    title: str, version: str, base_path: str, operations: Sequence[Operation], error: type[msgspec.Struct]
) -> dict[str, Any]:
    """Write the OpenAPI 3.1 document of one door's operations, whose every error has the body `error`."""
    types = {error} | {t for operation in operations for t in (operation.request, operation.response) if t is not None}
    schemas, components = msgspec.json.schema_components(list(types), ref_template="#/components/schemas/{name}")
    by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(base_path + operation.path, {})[operation.method.lower()] = _operation(
            operation, by_type, by_type[error]
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"bearer": []}],
    }


def _operation(operation: Operation, by_type: dict[Any, Any], error: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": operation.summary or operation.name}
    if operation.response is not None:
        answer["content"] = {"application/json": {"schema": by_type[operation.response]}}
    if operation.files:
        answer["content"] = {media_type: {"schema": {"type": "string"}} for media_type in operation.files}
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": "Open to anybody." if operation.scope is None else f"Needs the scope `{operation.scope}`.",
        "parameters": _parameters(operation),
        "responses": {
            str(operation.status): answer,
            "default": {"description": "An error", "content": {"application/problem+json": {"schema": error}}},
        },
    }
    if operation.scope is None:
        described["security"] = []
    if operation.request is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": by_type[operation.request]}},
        }
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    if operation.query is not None:
        schema = msgspec.json.schema(operation.query)["$defs"][operation.query.__name__]
        required = schema.get("required", [])
        found += [
            {"name": name, "in": "query", "required": name in required, "schema": property_schema}
            for name, property_schema in schema["properties"].items()
        ]
    return found
