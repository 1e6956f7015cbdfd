"""The signature of XMS's callbacks (reference section 10)."""

from __future__ import annotations

import base64
import hashlib
import hmac

SIGNATURE = "X-Sinch-Webhook-Signature"
SIGNATURE_ALGORITHM = "X-Sinch-Webhook-Signature-Algorithm"
SIGNATURE_NONCE = "X-Sinch-Webhook-Signature-Nonce"
SIGNATURE_TIMESTAMP = "X-Sinch-Webhook-Signature-Timestamp"


def sign(secret: str, body: bytes, nonce: str, timestamp: str) -> str:
    """Sign a callback: base64 of HMAC-SHA256 over `BODY.NONCE.TIMESTAMP`."""
    signed = body + f".{nonce}.{timestamp}".encode()
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
