"""Codes of an authenticator app: TOTP, RFC 6238, six digits every 30 seconds by HMAC-SHA1, as all apps have them."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from heliograph.domain.accounts import hash_secret, same_secret

STEP_S = 30
OFF_BY = 1
"""How many steps a phone's clock may be off (RFC 6238, 5.2)."""
ISSUER = "Heliograph"
RECOVERY_CODES = 10


def new_totp_secret() -> str:
    """Draw a secret of 160 bits (RFC 4226, 4), in base 32 as apps take it."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def totp_uri(secret: str, email: str) -> str:
    """Write what an app reads from a QR code."""
    label = quote(f"{ISSUER}:{email}", safe="")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': ISSUER})}"


def code_at(secret: str, step: int) -> str:
    """Return the code of a step, which is the time since 1970 divided by 30 seconds."""
    totp = TOTP(base64.b32decode(secret), 6, SHA1(), STEP_S)  # noqa: S303 - what apps know; HMAC does not need more
    return totp.generate(step * STEP_S).decode()


def step_of(secret: str, code: str, now_s: float) -> int | None:
    """Return the step whose code this is, of those around now; None if it is that of none."""
    now = int(now_s) // STEP_S
    fitting = [each for each in range(now - OFF_BY, now + OFF_BY + 1) if same_secret(code_at(secret, each), code)]
    return fitting[-1] if fitting else None


def new_recovery_codes() -> list[str]:
    """Draw codes of 80 bits, each of which stands in for one of the app, once."""
    return list(_codes())


def _codes() -> Iterator[str]:
    for _ in range(RECOVERY_CODES):
        text = base64.b32encode(secrets.token_bytes(10)).decode()
        yield "-".join(text[place : place + 4] for place in range(0, 16, 4))


def recovery_hash(code: str) -> str:
    """Give what is stored of a recovery code, however it was typed."""
    return hash_secret("".join(filter(str.isalnum, code.upper())))
