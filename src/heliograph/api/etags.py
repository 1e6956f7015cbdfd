"""Changes that are made only to what their maker has seen: entity tags (RFC 9110, section 8.8.3) and If-Match.

What is shown has a tag made of all that it says. A change that names one in `If-Match` is made only if what is there at
that moment has it: the check is made in the transaction of the change, so two who have seen the same can't both change
it.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Protocol, TypeVar

import msgspec

from heliograph.domain.errors import ChangedMeanwhile
from heliograph.doors import Call


class Tagged(Protocol):
    etag: str


Shown = TypeVar("Shown", bound=Tagged)
Stored = TypeVar("Stored")


def with_etag(shown: Shown) -> Shown:
    """Give what is shown its tag, and return it."""
    shown.etag = ""
    shown.etag = tag_of(shown)
    return shown


def tag_of(shown: msgspec.Struct | Tagged) -> str:
    """Return a tag of all that is shown."""
    return blake2b(msgspec.json.encode(shown), digest_size=12).hexdigest()


def tagged(call: Call[Any, Any], shown: Shown) -> Shown:
    """Have the tag of what is answered in the header ETag, too."""
    call.request.state.etag = shown.etag
    return shown


def if_match(call: Call[Any, Any], show: Callable[[Stored], Tagged]) -> Callable[[Stored], None] | None:
    """Return a check of what is to be changed, which raises ChangedMeanwhile; None if the caller asks for none."""
    said = call.request.headers.get("if-match")
    if said is None or said.strip() == "*":
        return None
    allowed = {each.strip().removeprefix("W/").strip('"') for each in said.split(",")}

    def check(stored: Stored) -> None:
        if show(stored).etag not in allowed:
            raise ChangedMeanwhile()

    return check
