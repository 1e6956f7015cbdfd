"""When a server wants to be asked again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SECONDS = re.compile("[0-9]{1,9}")


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After, in seconds or as a date (RFC 9110, section 10.2.3), as seconds from now, at least 0.

    Returns None if it is missing or is neither.
    """
    said = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(said):
        return float(said)
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp(), 0.0)
