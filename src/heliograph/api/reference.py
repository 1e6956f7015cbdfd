"""The reference of the native API as a page: made of its OpenAPI document, whole in itself, without a script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = """
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:0 auto;padding:1rem}
nav ul{columns:18rem;padding-left:1.2rem}
h2{margin-top:3rem;border-top:1px solid #8886;padding-top:1rem;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8884}
td:first-child{white-space:nowrap}
code{font:.9em ui-monospace,monospace;overflow-wrap:anywhere}
.method{display:inline-block;min-width:4rem}
"""

Document = Mapping[str, Any]


def reference_page(document: Document) -> str:
    """Write the page: all operations, then all shapes, then all errors."""
    title = f"{document['info']['title']} {document['info']['version']}: the native API"
    operations = [
        (method.upper(), path, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]
    shapes = document["components"]["schemas"]
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>',
        f"<h1>{escape(title)}</h1>",
        '<p>The same for programs: <a href="openapi.json">openapi.json</a>.</p>',
        '<nav aria-label="Operations"><ul>',
        *(
            f'<li><a href="#{escape(each["operationId"])}">{escape(each["summary"])}</a></li>'
            for _, _, each in operations
        ),
        "</ul></nav><main>",
        *(part for operation in operations for part in _operation(*operation)),
        "<h1>Shapes</h1>",
        *(part for name, schema in sorted(shapes.items()) for part in _shape(name, schema)),
        "<h1>Errors</h1>",
        *(
            part
            for name, each in document["components"]["responses"].items()
            for part in _refusals(name, each["description"])
        ),
        "</main></body></html>",
    ]
    return "".join(parts)


def _operation(method: str, path: str, described: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h2 id="{escape(described["operationId"])}">'
    yield f'<code class="method">{method}</code><code>{escape(path)}</code></h2>'
    yield f"<p>{escape(described['summary'])}. {_coded(described['description'])}</p>"
    if described["parameters"]:
        yield "<table><thead><tr><th>parameter</th><th>in</th><th>value</th><th></th></tr></thead><tbody>"
        for each in described["parameters"]:
            name = escape(each["name"]) + ("" if each["required"] else "?")
            yield f"<tr><td><code>{name}</code></td><td>{each['in']}</td><td>{_value(each['schema'])}</td>"
            yield f"<td>{_coded(each.get('description') or '')}</td></tr>"
        yield "</tbody></table>"
    if (body := described.get("requestBody")) is not None:
        yield f"<p>Body: {_contents(body['content'])}</p>"
    yield "<ul>"
    for status, answer in described["responses"].items():
        if "$ref" in answer:
            name = answer["$ref"].rpartition("/")[2]
            yield f'<li>{status}: <a href="#{name}">refused</a></li>'
        else:
            shown = _contents(answer.get("content", {})) or "no body"
            yield f"<li>{status}: {shown}</li>"
    yield "</ul>"


def _contents(contents: Mapping[str, Any]) -> str:
    return ", ".join(
        f"<code>{escape(media_type)}</code> {_value(each['schema']) if 'schema' in each else ''}"
        for media_type, each in contents.items()
    )


def _shape(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h2 id="shape-{escape(name)}"><code>{escape(name)}</code></h2>'
    if "description" in schema:
        yield f"<p>{_coded(schema['description'])}</p>"
    if "properties" not in schema:
        yield f"<p>{_value(schema)}</p>"
        return
    yield "<table><thead><tr><th>field</th><th>value</th><th></th></tr></thead><tbody>"
    for field, its in schema["properties"].items():
        shown = escape(field) + ("" if field in schema.get("required", ()) else "?")
        yield f"<tr><td><code>{shown}</code></td><td>{_value(its)}</td>"
        yield f"<td>{_coded(its.get('description', ''))}</td></tr>"
    yield "</tbody></table>"


def _refusals(name: str, description: str) -> Iterator[str]:
    yield f'<h2 id="{escape(name)}">{escape(name.removeprefix("Refused"))}</h2><ul>'
    for line in description.splitlines():
        yield f"<li>{_coded(line.removeprefix('- '))}</li>"
    yield "</ul>"


def _value(schema: Mapping[str, Any]) -> str:
    """Write which values a schema takes."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#shape-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(_value, schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    kind = schema.get("format") or schema.get("type", "anything")
    if kind == "array":
        return f"list of {_value(schema.get('items', {}))}{_bounds(schema, 'Items')}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map to {_value(schema['additionalProperties'])}{_bounds(schema, 'Properties')}"
    return f"{escape(str(kind))}{_bounds(schema, 'Length')}"


def _bounds(schema: Mapping[str, Any], of: str) -> str:
    least = schema.get(f"min{of}", schema.get("minimum"))
    most = schema.get(f"max{of}", schema.get("maximum"))
    if least is None and most is None:
        return ""
    if most is None:
        return f" ({least} at least)"
    return f" ({most} at most)" if least is None else f" ({least} to {most})"


def _coded(text: str) -> str:
    """Write a text with its `words` in the manner of code."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{each}</code>" if place % 2 else each for place, each in enumerate(pieces))
