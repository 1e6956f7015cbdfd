"""Fields with names of the customer's own, of contacts and of templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET


def unwrapped(custom: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return fields by name, also if they came as the published client's generator sends them: under one more name."""
    wrapped = custom.get("customFieldName")
    return wrapped if len(custom) == 1 and isinstance(wrapped, dict) else custom


def custom_fields(asked: object) -> dict[str, str]:
    """Read the values that a request has for the placeholders of a template."""
    fields: dict[str, str] = {}
    for name, value in unwrapped(asked).items() if isinstance(asked, dict) else ():
        put(fields, name, value)
    return fields


def put(fields: dict[str, str], name: str, value: Any) -> None:
    """Set a field to a text, or to the JSON of anything else; null removes it, and what is unset leaves it."""
    if value is None:
        fields.pop(name, None)
    elif value is not UNSET:
        fields[name] = value if isinstance(value, str) else msgspec.json.encode(value).decode()
