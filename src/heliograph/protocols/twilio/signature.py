"""X-Twilio-Signature (reference: providers.md, section A5)."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

HEADER = "X-Twilio-Signature"
_PORTS = {"https": 443, "http": 80}


def sign(token: str, url: str, fields: Iterable[tuple[str, str]] = ()) -> str:
    """Of a form that is posted to `url`, or of a GET, without fields: the URL as it is called, with its query.

    Names are in the order of their bytes; of a name that is there several times each value counts once, in order.
    """
    text = url + "".join(f"{name}{value}" for name, value in sorted(set(fields)))
    return b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()


def is_signed(token: str, url: str, fields: Iterable[tuple[str, str]], signature: str) -> bool:
    """Whether the signature is right, with the scheme's usual port in the URL or without it."""
    wanted = list(fields)
    return any(
        hmac.compare_digest(sign(token, each, wanted).encode(), signature.encode())
        for each in _with_and_without_port(url)
    )


def _with_and_without_port(url: str) -> list[str]:
    parts = urlsplit(url)
    usual = _PORTS.get(parts.scheme)
    host = parts.hostname or ""
    if parts.port is None:
        return [url, urlunsplit(parts._replace(netloc=f"{parts.netloc}:{usual}"))]
    if parts.port == usual:
        return [url, urlunsplit(parts._replace(netloc=host))]
    return [url]
