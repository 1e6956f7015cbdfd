"""One line for each operation of a protocol.

The table is read by the server (routes, decoding, scope check), by the OpenAPI document, and by the tests that run
over every operation.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller may ask for. The handler is the method of the same name, of a door or of one of its resources."""

    name: str
    method: str
    path: str
    """Relative to the door, with `{names}` for parameters."""
    scope: str | None
    """What the caller must be allowed; None: anybody may call it, and nobody is asked who they are."""
    form: bool = False
    """The body is a form, not JSON."""
    request: Any = None
    """The struct that the JSON body decodes to; None if there is no body."""
    may_be_empty: bool = False
    """A body of no bytes counts as `{}`."""
    query: type[msgspec.Struct] | None = None
    response: Any = None
    status: int = 200
    summary: str = ""


class Reply(msgspec.Struct, frozen=True):
    """An answer with a status of its own."""

    value: Any
    status: int
