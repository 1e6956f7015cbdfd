"""Our identifiers written as UUIDs, for protocols that have those: lower case, with hyphens."""

from __future__ import annotations

import re
from uuid import UUID

from heliograph.domain.ids import encode, to_int

FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ANY_CASE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def to_uuid(identifier: str) -> str:
    digits = f"{to_int(identifier):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def from_uuid(text: str) -> str:
    """Read one of our identifiers from its form as a UUID. Raises ValueError if it is not written as ours are."""
    if not FORM.fullmatch(text):
        raise ValueError(f"not an identifier: {text!r}")
    return encode(UUID(text).int)


def is_random_uuid(text: str) -> bool:
    """Say whether a text is a UUID of versions 1 to 5, as customers make them."""
    return _ANY_CASE.fullmatch(text) is not None
