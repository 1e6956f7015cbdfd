"""The signature of Heliograph's own callbacks: one side makes it, the other checks it."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from enum import Enum

from heliograph.domain.bounded import STALE_S, count_in, is_recent

SIGNATURE_HEADER = "X-Heliograph-Signature"


class Verdict(Enum):
    """What a signature is worth."""

    GOOD = "good"
    WRONG = "wrong"
    """It is missing, or was not made with any of the secrets."""
    STALE = "stale"
    """It was made with one of the secrets, but too long ago, or by a clock that is ahead."""


def sign(secret: str, seconds: int, body: bytes) -> str:
    """Make the hexadecimal signature of a body posted at `seconds` since 1970."""
    return hmac.digest(secret.encode(), f"{seconds}.".encode() + body, "sha256").hex()


def judged(secrets: Sequence[str], header: str, body: bytes, *, oldest_s: float = STALE_S) -> Verdict:
    """Say what a signature (`t=SECONDS,v1=HEX,…`) is worth by any of these secrets, each compared in constant time."""
    parts = [part.partition("=")[::2] for part in header.split(",")]
    seconds = count_in(dict(parts).get("t", ""))
    if seconds is None:
        return Verdict.WRONG
    given = [value.encode() for name, value in parts if name == "v1"]
    expected = [sign(secret, seconds, body).encode() for secret in secrets]
    if sum(hmac.compare_digest(mine, theirs) for mine in expected for theirs in given) == 0:
        return Verdict.WRONG
    return Verdict.GOOD if is_recent(seconds, oldest_s=oldest_s) else Verdict.STALE
