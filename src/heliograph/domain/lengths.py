"""Limits of the texts that a customer gives beside a message: names, tags, what is known of a contact.

What is stored comes back in lists, a hundred at a time, and an account's own words are read with each of its requests.
`max_body_bytes` bounds a request; without these limits a few requests of that size would be more than the process can
hold when they are listed.
"""

from __future__ import annotations

from collections.abc import Iterable

from heliograph.domain.errors import InvalidField

LONGEST_LABEL = 255
"""The most characters of a name, a tag or a reference."""
LONGEST_WORD = 64
"""The most characters of a keyword, which is compared with the first words of a text."""
LONGEST_VALUE = 2_000
"""The most characters of a parameter's value: as many as a text may have."""


def require_short(texts: Iterable[str | None], field: str, longest: int = LONGEST_LABEL) -> None:
    """Raise InvalidField if one of these texts has more than `longest` characters."""
    for text in texts:
        if text is not None and len(text) > longest:
            raise InvalidField(f"There may be {longest} characters at most in {field}.", field=field)
