"""X-Twilio-Signature (reference: providers.md, section A5)."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

from heliograph.calling.requested import requested

HEADER = "X-Twilio-Signature"
_PORTS = {"https": ":443", "http": ":80"}


def sign(token: str, url: str, fields: Iterable[tuple[str, str]] = ()) -> str:
    """Sign a form that is posted to `url`, or a GET, which has no fields.

    `url` is as it is `requested`, with its query. Names are in the order of their bytes; if a name is there several
    times, each different value counts once.
    """
    text = url + "".join(f"{name}{value}" for name, value in sorted(set(fields)))
    return b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()


def is_signed(token: str, url: str, fields: Iterable[tuple[str, str]], signature: str) -> bool:
    """Say whether a signature is right for any spelling of our URL that the other side may have used.

    It may have signed the URL as it is given here or as it is requested, with the scheme's usual port or without it.
    """
    wanted = list(fields)
    return any(
        hmac.compare_digest(sign(token, spelling, wanted).encode(), signature.encode())
        for each in (url, requested(url).url)
        for spelling in _with_and_without_port(each)
    )


def _with_and_without_port(url: str) -> list[str]:
    parts = urlsplit(url)
    usual = _PORTS.get(parts.scheme, "")
    if parts.port is None:
        return [url, urlunsplit(parts._replace(netloc=parts.netloc + usual))]
    return [url, urlunsplit(parts._replace(netloc=parts.netloc.removesuffix(usual)))]
