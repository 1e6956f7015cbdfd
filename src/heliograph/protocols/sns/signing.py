"""Signature Version 4 of Amazon's requests, by botocore's signer."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

INSTALL = "needs botocore: pip install 'heliograph[sns]'"


def is_installed() -> bool:
    return find_spec("botocore") is not None


class Signer:
    """Signs requests of one account to the SNS of one region."""

    def __init__(self, key_id: str, secret: str, token: str, region: str) -> None:
        from botocore.auth import SigV4Auth
        from botocore.credentials import Credentials

        self._auth = SigV4Auth(Credentials(key_id, secret, token or None), "sns", region)

    def headers(self, url: str, body: bytes, content_type: str) -> dict[str, str]:
        """Return the headers that prove who posts this request; they are good for some minutes."""
        from botocore.awsrequest import AWSRequest

        request: Any = AWSRequest("POST", url, {"Content-Type": content_type}, body)
        self._auth.add_auth(request)
        return {name: value for name, value in request.headers.items() if name.lower() != "content-type"}
