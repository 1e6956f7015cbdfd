"""The signature of Heliograph's own callbacks: one side makes it, the other checks it."""

from __future__ import annotations

import hmac


def sign(secret: str, seconds: int, body: bytes) -> str:
    """Make the hexadecimal signature of a body posted at `seconds` since 1970."""
    return hmac.digest(secret.encode(), f"{seconds}.".encode() + body, "sha256").hex()
