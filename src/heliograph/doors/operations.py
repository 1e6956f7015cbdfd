"""The table of a protocol's operations: one line for each.

The table is read by the server (routes, decoding, scope check), by the OpenAPI document, and by the tests that run over
every operation.
"""

from __future__ import annotations

from typing import Any

import msgspec

EVENT_STREAM = "text/event-stream"


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a caller may ask for. Its handler is the method of the same name, of a door or of a resource."""

    name: str
    method: str
    path: str
    """The address from the door on, with `{names}` for parameters."""
    scope: str | None
    """The scope that the caller must have; None: anybody may call it, and nobody is asked who they are."""
    form: bool = False
    """True if the body is a form, not JSON."""
    request: Any = None
    """The struct that the JSON body decodes to; None if there is no body."""
    conditional: bool = False
    """True if it is done only to what has the tag that `If-Match` names."""
    upload: bool = False
    """True if the body is a file, of whatever type, which the handler reads as it comes."""
    may_be_empty: bool = False
    """True if a body of no bytes counts as `{}`."""
    query: type[msgspec.Struct] | None = None
    response: Any = None
    files: tuple[str, ...] = ()
    """The media types that the answer may have, if it is a file."""
    status: int = 200
    summary: str = ""

    @property
    def is_stream(self) -> bool:
        """Say whether the answer goes on, as server-sent events."""
        return EVENT_STREAM in self.files


class Reply(msgspec.Struct, frozen=True):
    """An answer with a status of its own."""

    value: Any
    status: int
