"""Saying who calls."""

from __future__ import annotations

from base64 import b64encode


def basic(user: str, password: str) -> str:
    """Write the value of an `Authorization` header that names a user and a password (HTTP Basic, RFC 7617)."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"
