"""Hiding what must not be read over anybody's shoulder: in the log, and in what commands print."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import msgspec

if TYPE_CHECKING:
    from heliograph.engine.provided import ProviderConfig

MASK = "***"
SHORTEST = 4
"""Length from which a secret is looked for: shorter ones are words of other sentences, too."""
_USER = re.compile(
    r"""(?<=//)[^\s"'/?\#]{1,512}(?=@)"""  # RFC 3986, section 3.2.1
    r"""|(?<=//)[^\s"'/?\#:@]{1,256}:(?!\d{1,5}[/?\#])[^\s"']{1,512}(?=@)"""  # a password that was not encoded
    r"""|(?<![^\s"'(<=])[^\s"'/?\#:@=]{1,256}:[^\s"'/?\#@]{1,512}(?=@[\w\[])""",  # without a scheme
    re.VERBOSE,
)
_SECRET_NAME = re.compile(
    r"token|secret|password|passwd|pwd|auth|credential|api_?key|\Akey\Z|keyid|signature", re.IGNORECASE
)
_PARAMETER = re.compile(r"""(?<=[?&])([^\s"'=&\#]{1,128})=[^\s"'&\#]+""")


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """Mask users, passwords and secret parameters of URLs in `text`; and `secrets`, as they are or in a URL."""
    spelled = {way(secret) for secret in secrets if len(secret) >= SHORTEST for way in (str, quote, quote_plus)}
    for secret in sorted(spelled, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return _PARAMETER.sub(_without_value, _USER.sub(MASK, text))


def _without_value(found: re.Match[str]) -> str:
    return f"{found[1]}={MASK}" if _SECRET_NAME.search(found[1]) else found[0]


def secrets_of(config: ProviderConfig | Mapping[str, Any], named: Iterable[str] = ()) -> list[str]:
    """List what is secret in a provider's table: fields that are `named`, or have the name of a secret, and headers."""
    table = msgspec.to_builtins(config)
    return list(_secrets(table, frozenset(named)))


def _secrets(table: Any, named: frozenset[str]) -> Iterator[str]:
    if not isinstance(table, dict):
        return
    for name, value in table.items():
        if name in named or name == "headers" or _SECRET_NAME.search(str(name)):
            yield from _texts(value)
        else:
            yield from _secrets(value, named)


def _texts(value: Any) -> Iterator[str]:
    """List the texts in a value. A header has its secret after the name of its scheme, and may be told without it."""
    if isinstance(value, str):
        yield value
        if " " in value:
            yield value.partition(" ")[2]
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
