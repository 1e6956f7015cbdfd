"""Templates of requests, and places in answers such as `data.messages.0.id`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from heliograph.calling.documents import from_json
from heliograph.text import Template

FIELDS = ("id", "attempt", "to", "msisdn", "from", "text", "data", "udh", "parts", "encoding", "channel", "account")
"""What a template may name: `to` is `+33612345678`, `msisdn` the same without the plus, `data` binary as base64."""


def unknown_fields(template: Any) -> list[str]:
    """List the names in a template, however deep it is nested, that are not fields of a message."""
    if isinstance(template, str):
        return [name for name in Template(template).names if name not in FIELDS]
    if isinstance(template, Mapping):
        return [name for value in template.values() for name in unknown_fields(value)]
    if isinstance(template, list | tuple):
        return [name for value in template for name in unknown_fields(value)]
    return []


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """Fill a message's values into a template, however deep it is nested.

    A text that is nothing but the name `parts` or `attempt` becomes a number: APIs tell it from a text.
    """
    if isinstance(template, str):
        for name in ("parts", "attempt"):
            if template == f"${{{name}}}":
                return int(values[name])
        return Template(template).render(values)
    if isinstance(template, Mapping):
        return {name: filled(value, values) for name, value in template.items()}
    if isinstance(template, list | tuple):
        return [filled(value, values) for value in template]
    return template


def document(body: bytes, content_type: str, query: Mapping[str, str]) -> Any:
    """Read a body, as JSON or as a form, together with the query. Raises ValueError for JSON that is malformed."""
    if not body:
        return dict(query)
    if "json" in content_type or body.lstrip()[:1] in {b"{", b"["}:
        try:
            decoded = from_json(body)
        except msgspec.DecodeError as error:
            raise ValueError(f"no JSON: {error}") from error
        return {**query, **decoded} if isinstance(decoded, dict) else decoded
    return {**query, **dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))}


def at(place: str, document: Any) -> str | None:
    """Return what is at a place such as `data.messages.0.id`, as text; None if nothing is."""
    found = document
    for step in place.split("."):
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, list) and step.isascii() and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    if found is None or isinstance(found, Mapping | list):
        return None
    return found if isinstance(found, str) else msgspec.json.encode(found).decode()
